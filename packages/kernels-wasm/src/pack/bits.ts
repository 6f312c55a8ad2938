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

/** The bits as the weights are now. */
export function readBits({ weights, rows, columns }: Pick<Matrix, 'weights' | 'rows' | 'columns'>): Bits {
  const perRow = Math.ceil(columns / 32)
  const words = new Uint32Array(rows * perRow)
  let notANumber = -1
  for (let r = 0, i = 0; r < rows; r++) {
    let word = r * perRow
    let bits = 0
    for (let k = 0; k < columns; k++, i++) {
      const w = weights[i]!
      if (w !== 0) {
        bits |= 1 << (k & 31)
        if (w !== w && notANumber < 0) notANumber = i
      }
      if ((k & 31) === 31) {
        words[word++] = bits
        bits = 0
      }
    }
    if ((columns & 31) !== 0) words[word] = bits
  }
  return { words, perRow, notANumber }
}

/** Which columns any of `count` rows uses: their bits or-ed into `into`. */
export function unite({ words, perRow }: Bits, row: number, count: number, into: Uint32Array): void {
  const from = row * perRow
  for (let i = 0; i < perRow; i++) {
    let bits = words[from + i]!
    for (let r = 1; r < count; r++) bits |= words[from + r * perRow + i]!
    into[i] = bits
  }
}

/** The number of bits set (Warren, Hacker's Delight, 5-1). */
export function countBits(words: Uint32Array): number {
  let count = 0
  for (let i = 0; i < words.length; i++) {
    let v = words[i]!
    v -= (v >>> 1) & 0x55555555
    v = (v & 0x33333333) + ((v >>> 2) & 0x33333333)
    count += Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
  }
  return count
}
