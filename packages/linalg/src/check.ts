import { TacoError } from '@tacojs/errors'
import type { FloatArray } from './types.js'

/** Throws INVALID_ARGUMENT unless each is an integer ≥ 0. */
export function checkSizes(name: string, sizes: Readonly<Record<string, number>>): void {
  for (const [key, value] of Object.entries(sizes)) {
    if (Number.isSafeInteger(value) && value >= 0) continue
    throw new TacoError('INVALID_ARGUMENT', `${name}: ${key} is ${value}; give an integer from 0`)
  }
}

/** Throws INVALID_ARGUMENT unless a letter as BLAS has it is one of two. */
export function checkLetter(name: string, key: string, letter: string, either: readonly [string, string]): void {
  if (either.includes(letter)) return
  const [one, other] = either
  throw new TacoError('INVALID_ARGUMENT', `${name}: ${key} is ${JSON.stringify(letter)}; give '${one}' or '${other}'`)
}

/** Bytes of an element of the arrays' common type. Other types, or a mixture, throw INVALID_ARGUMENT. */
export function elementSize(name: string, ...arrays: readonly FloatArray[]): 4 | 8 {
  const kinds = new Set(arrays.map((array) => Object.prototype.toString.call(array).slice(8, -1)))
  const [kind] = kinds
  if (kinds.size === 1 && kind === 'Float32Array') return 4
  if (kinds.size === 1 && kind === 'Float64Array') return 8
  throw new TacoError(
    'INVALID_ARGUMENT',
    `${name}: got ${[...kinds].join(' and ')}; all arrays of one call must be Float32Array, or all Float64Array`,
  )
}

/** Throws INVALID_ARGUMENT unless the array has so many values. */
export function checkLength(
  name: string,
  array: string,
  values: FloatArray | Uint8Array,
  length: number,
  Type: typeof Float32Array | typeof Float64Array | typeof Uint8Array = Float32Array,
): void {
  if (values instanceof Type && values.length === length) return
  const kind = Object.prototype.toString.call(values).slice(8, -1)
  throw new TacoError(
    'INVALID_ARGUMENT',
    `${name}: ${array} is a ${kind} of ${values?.length} values; give a ${Type.name} of ${length}`,
  )
}
