import { checkGroups, type GroupChoice } from '../column-groups.js'
import type { DampedProblem } from '../damp.js'
import { excess } from '../loss.js'
import { numericsOf, type Numerics } from '../numerics.js'
import { checkRowWeights, scaled, timesRows } from '../row-weights.js'
import { startOf } from './start.js'

export interface GroupRemovals extends GroupChoice {
  /** [count]: what the loss rose by with each; each row's times its weight, where rows have weights. */
  readonly losses: Float64Array
}

export interface GroupOptions {
  /** [rows]: what the squared error of each output counts for; all alike unless given. */
  readonly rowWeights?: ArrayLike<number>
  readonly signal?: AbortSignal
}

/**
 * Structured pruning: ExactOBS with groups of columns, all rows together, such as the columns of an input channel or of an
 * attention head. Removes `count` groups, always the one with the smallest Σ_rows w_Bᵀ(P_BB)⁻¹w_B, P = (H_SS)⁻¹. Columns
 * in no group stay; the weights are the best on what is left. f64; about n³/3 floating-point operations, and rows·n² for
 * the weights, in one thread.
 *
 * @throws INVALID_ARGUMENT for groups that are empty, overlap or have columns that there are not, for a wrong count,
 * and for a linalg without the kernels of `createNumerics`; SHAPE_MISMATCH for `rowWeights` of another length.
 */
export function groupObs(
  numerics: Numerics,
  damped: DampedProblem,
  groups: readonly Int32Array[],
  count: number,
  { rowWeights, signal }: GroupOptions = {},
): GroupRemovals {
  numericsOf('groupObs', numerics)
  const groupOf = checkGroups('groupObs', groups, count, damped.problem.cols)
  if (rowWeights) checkRowWeights(rowWeights, damped.problem.rows)
  const factors = rowWeights && Float64Array.from(rowWeights, Math.sqrt)
  const removals = removed(numerics, factors ? scaled(damped, factors) : damped, groups, groupOf, count, signal)
  const inverse = factors?.map((factor) => 1 / factor)
  const weights = inverse ? timesRows(removals.weights, inverse) : removals.weights
  return { ...removals, weights, loss: excess(numerics, damped, weights).loss }
}

function removed(
  numerics: Numerics,
  damped: DampedProblem,
  groups: readonly Int32Array[],
  groupOf: Int32Array,
  count: number,
  signal: AbortSignal | undefined,
): Pick<GroupRemovals, 'order' | 'losses' | 'weights'> {
  const { rows, cols } = damped.problem
  const order = Int32Array.from(groups.flatMap((group) => [...group]))
  const fixed = Int32Array.from({ length: cols }, (_, j) => j).filter((j) => groupOf[j] < 0)
  const columns = Int32Array.from([...order, ...fixed])
  const support = new Uint8Array(cols).fill(1)
  const start = startOf(numerics, reorder(damped, columns), { which: Int32Array.of(0), height: rows, support })
  const { weights } = start
  const removals = numerics.eliminate({
    ...{ n: cols, diagonal: start.diagonal, start: start.start, weights, signal },
    ...{ bits: 64, groups: 1, rows, units: groups.length + (fixed.length > 0 ? 1 : 0), depth: count },
    unit: columns.map((j) => (groupOf[j] < 0 ? groups.length : groupOf[j])),
    // The columns in no group are a set that none may leave.
    quotas: { left: Int32Array.of(cols + 1, 0), set: columns.map((j) => (groupOf[j] < 0 ? 1 : 0)), sets: 2 },
  })
  const left = new Float64Array(rows * cols)
  const scale = Math.sqrt(start.lossScale[0])
  for (let row = 0; row < rows; row++) {
    columns.forEach((j, k) => (left[row * cols + j] = weights[row * cols + k] * scale * start.columnScale[k]))
  }
  const losses = removals.losses.slice(0, count).map((loss) => loss * start.lossScale[0])
  return { order: removals.order.slice(0, count), losses, weights: left }
}

/** The problem with its columns in another order; of what `startOf` reads. */
function reorder(damped: DampedProblem, columns: Int32Array): DampedProblem {
  const { rows, cols } = damped.problem
  const inOrder = (matrix: Float64Array, height: number) => {
    const result = new Float64Array(height * cols)
    for (let at = 0; at < result.length; at += cols) columns.forEach((j, k) => (result[at + k] = matrix[at + j]))
    return result
  }
  const lines = inOrder(damped.problem.h, cols)
  const h = new Float64Array(cols * cols)
  columns.forEach((j, k) => h.set(lines.subarray(j * cols, (j + 1) * cols), k * cols))
  const [target, product] = [inOrder(damped.target, rows), inOrder(damped.product, rows)]
  return { ...damped, target, product, problem: { ...damped.problem, h } }
}
