import type { ChannelGroup } from '@tacojs/graph'
import {
  damp,
  groupMagnitude,
  groupObs,
  refit as refitted,
  type LayerProblem,
  type Numerics,
  type Solution,
} from '@tacojs/solver'

export interface GroupSolution extends Pick<Solution, 'weights' | 'bias' | 'lambda' | 'escalations'> {
  /** Places in the group's units, in the order they went. */
  readonly removed: readonly number[]
  /** ‖Y − ŴX‖² / ‖Y‖², undamped, centred when there is a bias. */
  readonly relativeError: number
  /** The same for the best weights with all units. */
  readonly relativeFloor: number
}

export interface GroupOptions {
  /** Of the units, that is to go. */
  readonly share: number
  /** Group OBS unless given. */
  readonly method?: 'magnitude'
  /** Whether the remaining weights are fitted exactly; true unless given. */
  readonly refit?: boolean
  /** [rows]: what the squared error of each output counts for where group OBS chooses; all alike unless given. */
  readonly rowWeights?: ArrayLike<number>
  readonly damp?: number
  readonly signal?: AbortSignal
}

/**
 * Takes ⌊units·share⌋ units out of the consumer's layer problem, of each branch one at least staying, and fits the remaining
 * weights and the bias: Ŵ [rows, cols] is 0 in the columns of the units that went.
 */
export function solveGroup(
  linalg: Numerics,
  problem: LayerProblem,
  group: ChannelGroup,
  options: GroupOptions,
): GroupSolution {
  const { share, method, refit = true, rowWeights, signal } = options
  const { rows, cols, xMean, yMean, yy, hasBias } = problem
  const count = group.units.length
  const damped = damp(linalg, problem, { damp: options.damp })
  const columns = group.units.map((unit) => Int32Array.from(unit.columns))
  const staying = stayingUnits(problem, group, columns)
  const free = [...group.units.keys()].filter((unit) => !staying.has(unit))
  // 1e-9 forgives what 0.1·30 is more than 3, or less
  const going = Math.min(staying.size > 0 ? free.length : count - 1, Math.floor(count * share + 1e-9))
  const choices = free.map((unit) => columns[unit]!)
  const choice =
    method === 'magnitude'
      ? groupMagnitude(linalg, damped, choices, going)
      : groupObs(linalg, damped, choices, going, { rowWeights, signal })
  const removed = [...choice.order].map((place) => free[place]!)
  const mask = new Uint8Array(rows * cols).fill(1)
  for (const unit of removed)
    for (const j of columns[unit]!) for (let row = 0; row < rows; row++) mask[row * cols + j] = 0
  const candidate = { weights: choice.weights, mask, loss: choice.loss }
  const { weights, loss } = refit ? refitted(linalg, damped, candidate, { kind: 'cholesky', signal }) : candidate
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
    removed,
    relativeError: yy > 0 ? error / yy : 0,
    relativeFloor: yy > 0 ? damped.floor / yy : 0,
    lambda: damped.lambda,
    escalations: damped.escalations,
  }
}

/** Of several branches each keeps its unit of the largest ‖W_B‖; of one alone whichever is left. */
function stayingUnits(
  { rows, cols, weights }: LayerProblem,
  { units: all, wholes }: ChannelGroup,
  columns: readonly Int32Array[],
): Set<number> {
  const square = (unit: number): number => {
    let sum = 0
    for (const j of columns[unit]!) for (let row = 0; row < rows; row++) sum += weights[row * cols + j]! ** 2
    return sum
  }
  const largest = (units: readonly number[]): number =>
    units.reduce((best, unit) => (square(unit) > square(best) ? unit : best))
  return new Set(wholes.flatMap((set) => (set.length < all.length ? [largest(set)] : [])))
}
