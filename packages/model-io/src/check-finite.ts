import { TacoError } from '@tacojs/errors'
import type { Tensor } from '@tacojs/graph'

/**
 * Throws INVALID_WEIGHTS for NaN and infinity: a single infinite number is a limit or a mask's fill value, an infinite
 * weight is a fault.
 */
export function checkFinite(name: string, { dtype, data }: Tensor): void {
  if (dtype !== 'float32' && dtype !== 'float64') return
  const values = data as Float32Array | Float64Array
  for (let i = 0; i < values.length; i++) {
    const v = values[i]!
    if (Number.isFinite(v) || (values.length === 1 && !Number.isNaN(v))) continue
    throw new TacoError(
      'INVALID_WEIGHTS',
      `weight "${name}" holds ${v} at element ${i}: use a model with finite weights`,
    )
  }
}
