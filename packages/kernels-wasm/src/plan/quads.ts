import { runsOf } from '../layout/runs.js'
import { bytes, chunk, type Chunk } from './words.js'

/**
 * The indices of two tables, in fours that neighbour each other in `first`: where the first lies in it, and all four in
 * `second`; then what is left, where each lies in both. Byte offsets. Without runs of at least `fewest` there are no fours.
 */
export function quads(
  first: Int32Array,
  second: Int32Array,
  fewest = 4,
): { readonly fours: Chunk; readonly ones: Chunk } {
  const fours: number[] = []
  const ones: number[] = []
  for (const [from, offset, length] of runsOf(first)) {
    const whole = length >= fewest ? length - (length % 4) : 0
    for (let n = 0; n < whole; n += 4) {
      const i = from + n
      fours.push(offset + n, second[i]!, second[i + 1]!, second[i + 2]!, second[i + 3]!)
    }
    for (let n = whole; n < length; n++) ones.push(offset + n, second[from + n]!)
  }
  return { fours: list(fours), ones: list(ones) }
}

const list = (offsets: readonly number[]): Chunk => chunk(bytes(Int32Array.from(offsets)))
