import type { ChannelGroup } from '@tacojs/graph'
import type { Linalg } from '@tacojs/linalg'
import { damp, refit, type LayerProblem, type Solution } from '@tacojs/solver'
import { groupObs } from './group-obs.js'

export interface GroupSolution extends Pick<Solution, 'weights' | 'bias' | 'lambda' | 'escalations'> {
  /** Places in the group's units, in the order they went. */
  readonly removed: readonly number[]
  /** ‖Y − ŴX‖² / ‖Y‖², undamped, centred when there is a bias. */
  readonly relativeError: number
  /** The same for the best weights with all units. */
  readonly relativeFloor: number
}

/**
 * Takes ⌊units·share⌋ units out of the consumer's layer problem, one at least staying, and fits the remaining weights and
 * the bias exactly: Ŵ [rows, cols] is 0 in the columns of the units that went.
 */
export function solveGroup(
  linalg: Linalg,
  problem: LayerProblem,
  group: ChannelGroup,
  options: { readonly share: number; readonly damp?: number; readonly signal?: AbortSignal },
): GroupSolution {
  const { share, signal } = options
  const { cols, xMean, yMean, yy, hasBias } = problem
  const count = group.units.length
  // 1e-9 forgives what 0.1·30 is more than 3, or less
  const going = Math.min(count - 1, Math.floor(count * share + 1e-9))
  const damped = damp(linalg, problem, { damp: options.damp })
  const candidate = groupObs(
    damped,
    group.units.map((unit) => unit.columns),
    going,
    signal,
  )
  const { weights, loss } = refit(linalg, damped, candidate, { kind: 'cholesky', signal })
  // error(Ŵ) + λ‖Ŵ − W‖² = error(W*) + λ‖W* − W‖² + loss
  const distance = weights.reduce((sum, w, i) => sum + (w - problem.weights[i]!) ** 2, 0)
  const error = Math.max(0, damped.objective + loss - damped.lambda * distance)
  return {
    weights,
    bias: hasBias
      ? yMean.map((y, row) => {
          for (let j = 0; j < cols; j++) y -= weights[row * cols + j]! * xMean[j]!
          return y
        })
      : undefined,
    removed: candidate.removed,
    relativeError: error === 0 ? 0 : error / yy,
    relativeFloor: damped.floor === 0 ? 0 : damped.floor / yy,
    lambda: damped.lambda,
    escalations: damped.escalations,
  }
}
