import { throwIfAborted } from '@tacojs/errors'
import type { DampedProblem } from './damp.js'
import { gatherRows } from './fitted-rows.js'

/**
 * A row is solved when its loss has fallen by less than this part of itself in the last `window` iterations: what it
 * could still fall by is about as much (Hestenes & Stiefel's estimate), so that it is the exact refit's within some
 * 1e-6.
 */
export const tolerance = 1e-6
const window = 5
/** … or by less than this part of the size of the row: rounding. */
const rounding = 1e-15
/** Where λ is below this part of the mean of diag H, losses may fall by steps with rests between: two windows then. */
const smallDamp = 5e-3
const mostIterations = 200

/** D(H + λI) for `count` rows D [count, cols]. */
export type Product = (d: Float64Array, count: number) => Float64Array

export interface Descent {
  /**
   * [rows, cols]: what is taken to be left of the residual on the supports; products that are not exact let it drift.
   */
  readonly residual: Float64Array
  /** Rows that were not solved when the iterations, the work, or what the product can tell came to an end. */
  readonly open: Int32Array
  /** Multiply-adds of the products. */
  readonly work: number
}

/**
 * Conjugate gradients (Hestenes & Stiefel 1952) on the H_SS of the rows `which`, all at once, preconditioned by the
 * diagonal of H: one product of rows×cols×cols per iteration, of the rows that are not solved yet. Goes on from the
 * given weights, which it changes in place, and their residual. Every step lowers a row's loss, by α·rᵀD⁻¹r.
 *
 * @param weights [rows, cols]
 * @param options.most multiply-adds after which it ends
 */
export function descend(
  given: DampedProblem,
  mask: Uint8Array,
  weights: Float64Array,
  residual: Float64Array,
  which: Int32Array,
  times: Product,
  options: { readonly most: number; readonly signal?: AbortSignal },
): Descent {
  const { problem, target, lambda } = given
  const { rows, cols, h } = problem
  // an input that is always 0 has no gradient either
  const inverse = Float64Array.from({ length: cols }, (_, j) => 1 / (h[j * cols + j] + lambda || Infinity))
  const r = new Float64Array(residual.length)
  const first = new Float64Array(residual.length)
  const loss = new Float64Array(rows)
  const least = leastLosses(given)
  const square = new Float64Array(rows)
  const gain = new Float64Array(rows)
  const quiet = new Uint8Array(rows)
  let trace = 0
  for (let j = 0; j < cols; j++) trace += h[j * cols + j]
  const enough = lambda * cols < smallDamp * trace ? 2 : 1
  for (const row of which) {
    for (let j = 0, i = row * cols; j < cols; j++, i++) {
      r[i] = mask[i] ? residual[i] : 0
      first[i] = r[i] * inverse[j]
      loss[row] += (target[i] - weights[i]) * residual[i]
      square[row] += r[i] * r[i] * inverse[j]
    }
  }

  const lost: number[] = []
  let active = which.filter((row) => square[row] > 0)
  let direction = gatherRows(first, active, cols)
  let work = 0
  for (let iteration = 0; active.length > 0 && iteration < mostIterations && work < options.most; iteration++) {
    throwIfAborted(options.signal)
    work += active.length * cols * cols
    const product = times(direction, active.length)
    active.forEach((row, a) => {
      let curvature = 0
      for (let d = a * cols; d < (a + 1) * cols; d++) curvature += direction[d] * product[d]
      // Solved exactly, and nothing is left to go along; or the product is all rounding.
      if (!(curvature > 0)) return
      const alpha = square[row] / curvature
      let next = 0
      for (let j = 0, i = row * cols, d = a * cols; j < cols; j++, i++, d++) {
        if (!mask[i]) continue
        weights[i] += alpha * direction[d]
        r[i] -= alpha * product[d]
        next += r[i] * r[i] * inverse[j]
      }
      loss[row] -= alpha * square[row]
      gain[row] += alpha * square[row]
      const beta = next / square[row]
      square[row] = next
      for (let j = 0, i = row * cols, d = a * cols; j < cols; j++, i++, d++) {
        direction[d] = r[i] * inverse[j] + beta * direction[d]
      }
    })
    if (iteration % window < window - 1) continue
    const open = Int32Array.from(active.keys()).filter((a) => {
      const row = active[a]
      // nothing won, yet something is left to win
      if (gain[row] === 0 && square[row] > least[row]) lost.push(row)
      quiet[row] = gain[row] > Math.max(tolerance * loss[row], least[row]) ? 0 : quiet[row] + 1
      return quiet[row] < enough
    })
    gain.fill(0)
    if (open.length < active.length) {
      direction = gatherRows(direction, open, cols)
      active = open.map((a) => active[a])
    }
  }
  return { residual: r, open: Int32Array.from(new Set([...lost, ...active])).sort(), work }
}

/** Losses of the rows [rows] that are all rounding: a part of their sizes Σ w*²D, D the diagonal of H + λI. */
export function leastLosses({ problem, target, lambda }: DampedProblem): Float64Array {
  const { rows, cols, h } = problem
  const least = new Float64Array(rows)
  for (let row = 0, i = 0; row < rows; row++) {
    for (let j = 0; j < cols; j++, i++) least[row] += rounding * target[i] * target[i] * (h[j * cols + j] + lambda)
  }
  return least
}
