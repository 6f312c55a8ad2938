import { TacoError } from '@tacojs/errors'

/** Throws SHAPE_MISMATCH unless there is a flag for each weight, INVALID_ARGUMENT for one that is neither 1 nor 0. */
export function checkFlags(name: string, flags: ArrayLike<number>, rows: number, cols: number): void {
  if (flags?.length !== rows * cols) {
    throw new TacoError('SHAPE_MISMATCH', `${name} has ${flags?.length} values, ${rows}×${cols} weights need as many`)
  }
  for (let i = 0; i < flags.length; i++) {
    if (flags[i] === 0 || flags[i] === 1) continue
    throw new TacoError('INVALID_ARGUMENT', `${name}[${i}] is ${flags[i]}: use 1 or 0`)
  }
}
