import { TacoError } from '@tacojs/errors'
import type { FloatArray } from './types.js'

/** A row-major matrix inside an array: element (i, j) is data[offset + i·ld + j]. */
export interface Matrix {
  readonly data: FloatArray
  readonly offset: number
  readonly ld: number
  readonly rows: number
  readonly cols: number
}

const fail = (message: string): never => {
  throw new TacoError('INVALID_ARGUMENT', message)
}

/** Throws INVALID_ARGUMENT unless each is an integer ≥ 0. */
export function checkSizes(name: string, sizes: Readonly<Record<string, number>>): void {
  for (const [key, value] of Object.entries(sizes)) {
    if (!Number.isSafeInteger(value) || value < 0) fail(`${name}: ${key} is ${value}; give an integer from 0`)
  }
}

/** Element size of the arrays' common type. Other typed arrays, or a mixture, throw INVALID_ARGUMENT. */
export function elementSize(name: string, ...arrays: readonly FloatArray[]): 4 | 8 {
  const kinds = new Set(arrays.map((array) => Object.prototype.toString.call(array).slice(8, -1)))
  const [kind] = kinds
  if (kinds.size !== 1 || (kind !== 'Float32Array' && kind !== 'Float64Array')) {
    fail(`${name}: got ${[...kinds].join(' and ')}; all arrays of one call must be Float32Array, or all Float64Array`)
  }
  return kind === 'Float32Array' ? 4 : 8
}

/** A checked matrix: it throws INVALID_ARGUMENT when the array is too short or ld is less than a row. */
export function matrix(
  name: string,
  data: FloatArray,
  rows: number,
  cols: number,
  ld: number = cols,
  offset = 0,
): Matrix {
  checkSizes(name, { 'leading dimension': ld, offset })
  if (ld < cols) fail(`${name}: leading dimension ${ld} is less than the row length ${cols}`)
  const needed = rows > 0 && cols > 0 ? offset + (rows - 1) * ld + cols : 0
  if (data.length < needed) {
    fail(
      `${name}: a ${rows}×${cols} matrix (leading dimension ${ld}, offset ${offset}) needs ${needed} values, got ${data.length}`,
    )
  }
  return { data, offset, ld, rows, cols }
}
