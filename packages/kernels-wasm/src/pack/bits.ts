import type { Matrix } from './stream.js'

/** One bit per weight that is not zero, row after row, each row in whole words. */
export interface Bits {
  readonly words: Uint32Array
  readonly perRow: number
  /** The first weight that is not a number, or -1. */
  readonly notANumber: number
}

const known = new WeakMap<Float32Array, Bits & { readonly rows: number }>()

/** The bits of a matrix whose weights do not change, made once. */
export function bitsOf(m: Pick<Matrix, 'weights' | 'rows' | 'columns'>): Bits {
  const found = known.get(m.weights)
  if (found?.rows === m.rows) return found
  const bits = { ...readBits(m), rows: m.rows }
  known.set(m.weights, bits)
  return bits
}

/** Above these bits of a float32, its sign left out, lie those that are not a number. */
const infinity = 0x7f800000

/** The bits as the weights are now. */
export function readBits({ weights, rows, columns }: Pick<Matrix, 'weights' | 'rows' | 'columns'>): Bits {
  const perRow = Math.ceil(columns / 32)
  const words = new Uint32Array(rows * perRow)
  // by integers and without branches: which weights are zero cannot be predicted
  const floats = new Int32Array(weights.buffer, weights.byteOffset, weights.length)
  let largest = 0
  for (let r = 0, i = 0, word = 0; r < rows; r++) {
    const end = i + columns
    while (i < end) {
      const last = Math.min(end, i + 32)
      let bits = 0
      for (let k = 0; i < last; i++, k++) {
        const magnitude = floats[i]! & 0x7fffffff
        bits |= ((0 - magnitude) >>> 31) << k
        if (magnitude > largest) largest = magnitude
      }
      words[word++] = bits
    }
  }
  return { words, perRow, notANumber: largest > infinity ? weights.findIndex(Number.isNaN) : -1 }
}

/**
 * Which columns from `first` to `end` any of `count` rows uses: their bits or-ed into `into`, of which only the words
 * with these columns are touched.
 */
export function unite(
  { words, perRow }: Bits,
  row: number,
  count: number,
  [first, end]: readonly [number, number],
  into: Uint32Array,
): void {
  const from = row * perRow
  const [low, high] = [first >>> 5, (end + 31) >>> 5]
  for (let i = low; i < high; i++) {
    let bits = words[from + i]!
    for (let r = 1; r < count; r++) bits |= words[from + r * perRow + i]!
    into[i] = bits
  }
  if (high > low) {
    into[low]! &= 0xffffffff << (first & 31)
    if ((end & 31) !== 0) into[high - 1]! &= ~(0xffffffff << (end & 31))
  }
}

/** The number of bits set in the words from `low` to `high` (Warren, Hacker's Delight, 5-1). */
export function countBits(words: Uint32Array, low = 0, high = words.length): number {
  let count = 0
  for (let i = low; i < high; i++) {
    let v = words[i]!
    v -= (v >>> 1) & 0x55555555
    v = (v & 0x33333333) + ((v >>> 2) & 0x33333333)
    count += Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
  }
  return count
}
