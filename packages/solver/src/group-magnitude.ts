import type { Linalg } from '@tacojs/linalg'
import { checkGroups, type GroupChoice } from './column-groups.js'
import type { DampedProblem } from './damp.js'
import { excess } from './loss.js'

/**
 * Structured pruning by magnitude: the `count` groups of columns with the smallest ‖W_B‖² go, all rows together; ties: the
 * lowest index first. What stays keeps its dense weights. Throws INVALID_ARGUMENT as `checkGroups`.
 */
export function groupMagnitude(
  linalg: Linalg,
  damped: DampedProblem,
  groups: readonly Int32Array[],
  count: number,
): GroupChoice {
  const { cols, weights: dense } = damped.problem
  const groupOf = checkGroups('groupMagnitude', groups, count, cols)
  const squares = new Float64Array(groups.length)
  for (const [i, w] of dense.entries()) if (groupOf[i % cols] >= 0) squares[groupOf[i % cols]] += w * w
  const order = Int32Array.from(groups.keys())
    .sort((a, b) => squares[a] - squares[b] || a - b)
    .slice(0, count)
  const gone = new Set(order)
  const weights = dense.map((w, i) => (gone.has(groupOf[i % cols]) ? 0 : w))
  return { order, weights, loss: excess(linalg, damped, weights).loss }
}
