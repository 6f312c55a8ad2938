import { TacoError } from '@tacojs/errors'
import type { FloatArray } from './types.js'

/** A row-major matrix in a JavaScript array: element (i, j) is data[offset + i·ld + j]. */
export interface HostMatrix {
  readonly data: FloatArray
  readonly offset: number
  readonly rows: number
  readonly cols: number
  readonly ld: number
}

/** Checks that the array holds the matrix. Throws INVALID_ARGUMENT; `name` says which it is. */
export function hostMatrix(
  name: string,
  data: FloatArray,
  rows: number,
  cols: number,
  ld: number = cols,
  offset = 0,
): HostMatrix {
  const whole = [ld, offset].every((v) => Number.isSafeInteger(v) && v >= 0)
  const needed = rows === 0 || cols === 0 ? 0 : offset + (rows - 1) * ld + cols
  if (!whole || (rows > 1 && ld < cols) || data.length < needed) {
    throw new TacoError(
      'INVALID_ARGUMENT',
      `${name}: ${rows}×${cols} with leading dimension ${ld} and offset ${offset} does not fit an array of ${data.length}`,
    )
  }
  return { data, offset, rows, cols, ld }
}

/** Rows from r0 to r1 and columns from c0 to c1. */
export const part = (m: HostMatrix, r0: number, r1: number, c0: number, c1: number): HostMatrix => ({
  ...m,
  offset: m.offset + r0 * m.ld + c0,
  rows: r1 - r0,
  cols: c1 - c0,
})
