import type { DampedProblem } from '../damp.js'
import { choleskyOfReversed, invertReversed, timesDamped } from '../dense.js'
import type { Numerics } from '../numerics.js'
import type { Elimination } from './kernels.js'

/** Up to so many columns f64 costs little. */
const few = 128
/** Above this tr(H + λI)/λ, which bounds the condition of H + λI, P is updated in f64. */
const wellConditioned = 1e6

/** Where the rows of a problem start, in units that keep all values in the range of f32. */
export interface Start extends Pick<Elimination, 'bits' | 'n' | 'diagonal' | 'start' | 'weights'> {
  /** What losses are to be multiplied by [groups]. */
  readonly lossScale: Float64Array
  /** The layer's columns [n] that take part. */
  readonly columns: Int32Array
  /** What the weights of each column are to be multiplied by, beside a group's √lossScale [n]. */
  readonly columnScale: Float64Array
}

/**
 * Weights and H of the row groups `which`, of `height` rows each (rows beyond the last are zeros), on the columns where
 * `support` [all groups, cols] is 1; undefined: all. Column j is scaled by the power of two next to √H_jj, so that H has
 * about ones on its diagonal, and each group by that of its largest weight: nothing is rounded, scores and orders stay.
 * Where all groups have the same support there is one inverse.
 */
export function startOf(
  numerics: Numerics,
  damped: DampedProblem,
  { which, height, support }: { which: Int32Array; height: number; support: Uint8Array },
): Start {
  const { target, lambda, problem } = damped
  const { rows, cols, h } = problem
  const union = Int32Array.from({ length: cols }, (_, j) => j).filter((j) => which.some((g) => support[g * cols + j]))
  const taken = new Uint8Array(cols)
  union.forEach((j) => (taken[j] = 1))
  const same = which.every((g) => union.every((j) => support[g * cols + j]))
  const n = union.length
  const columnScale = Float64Array.from(union, (j) => 1 / nextPower(Math.sqrt(h[j * cols + j] + lambda)))
  const scaled = new Float64Array(n * n)
  for (let i = 0; i < n; i++) {
    const line = union[i] * cols
    for (let j = 0; j < n; j++) scaled[i * n + j] = h[line + union[j]] * columnScale[i] * columnScale[j]
    scaled[i * n + i] += lambda * columnScale[i] * columnScale[i]
  }
  const diagonal = Float64Array.from({ length: n }, (_, j) => scaled[j * n + j])
  const inverse = same ? inverseOf(numerics, scaled, n) : undefined
  // On fewer columns than all, W* plus what the others leave to them: W*_R·H_RS·(H_SS)⁻¹, exactly 0 for dead inputs. For
  // supports that differ the kernels are given the right-hand side (W*H)_S.
  const others = target.map((w, i) => (taken[i % cols] ? 0 : w))
  const whole = inverse && n === cols
  const rightHand = inverse ? (whole ? undefined : timesDamped(numerics, others, h, 0, rows, cols)) : damped.product

  const weights = new Float64Array(which.length * height * n)
  const given = new Float64Array(rightHand ? weights.length : 0)
  const lossScale = new Float64Array(which.length)
  which.forEach((g, i) => {
    const last = Math.min(height, rows - g * height)
    let most = 0
    for (let r = 0; r < last; r++) {
      const line = (g * height + r) * cols
      for (let j = 0; j < n; j++) most = Math.max(most, Math.abs(target[line + union[j]]) / columnScale[j])
    }
    const scale = most > 0 ? nextPower(most) : 1
    lossScale[i] = scale * scale
    for (let r = 0; r < last; r++) {
      const line = (g * height + r) * cols
      const to = (i * height + r) * n
      for (let j = 0; j < n; j++) {
        weights[to + j] = target[line + union[j]] / columnScale[j] / scale
        if (rightHand) given[to + j] = (rightHand[line + union[j]] * columnScale[j]) / scale
      }
    }
  })
  if (rightHand && inverse) {
    numerics.gemm({ m: which.length * height, n, k: n, a: given, b: inverse, beta: 1, c: weights })
  }

  let trace = cols * lambda
  for (let j = 0; j < cols; j++) trace += h[j * cols + j]
  return {
    bits: n <= few || !(lambda > 0) || trace / lambda > wellConditioned ? 64 : 32,
    n,
    diagonal,
    start: inverse ? { inverse } : { h: scaled, supports: gatherColumns(support, which, union, cols) },
    weights: inverse ? weights : given,
    lossScale,
    columns: union,
    columnScale,
  }
}

/** H⁻¹ = UᵀU by Cholesky, f64; undefined where rounding makes H indefinite. */
function inverseOf(numerics: Numerics, h: Float64Array, n: number): Float64Array | undefined {
  const factor = choleskyOfReversed(numerics, h, 0, n)
  if (!factor) return undefined
  const inverse = new Float64Array(n * n)
  numerics.syrk({ trans: true, n, k: n, a: invertReversed(numerics, factor, n), c: inverse })
  return inverse
}

function gatherColumns(support: Uint8Array, which: Int32Array, columns: Int32Array, cols: number): Uint8Array {
  const n = columns.length
  const gathered = new Uint8Array(which.length * n)
  which.forEach((g, i) => columns.forEach((j, k) => (gathered[i * n + k] = support[g * cols + j])))
  return gathered
}

/** The power of two next to a positive number. */
const nextPower = (x: number): number => 2 ** Math.round(Math.log2(x))
