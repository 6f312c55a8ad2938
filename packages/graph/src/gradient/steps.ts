import type { GradientContext } from './context.js'

/** A factor that takes every positive normal float32 number to at least 1. */
const steep = 2 ** 127

/**
 * 1 where x > 0, else 0. A steep HardSigmoid, max(0, min(1, αx)): one operation on every backend, where a comparison
 * would leave floating point.
 */
export const step = (c: GradientContext, x: string): string => c.add('HardSigmoid', [x], { alpha: steep, beta: 0 })

/** sign(x) / 2. */
export const halfSign = (c: GradientContext, x: string): string =>
  c.add('Sub', [c.add('HardSigmoid', [x], { alpha: steep, beta: 0.5 }), c.scalar(0.5)])
