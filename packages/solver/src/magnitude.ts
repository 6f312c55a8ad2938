import { pruneDead } from './dead-first.js'
import { keptOfGroup } from './counts.js'
import { excess } from './loss.js'
import type { Candidate, MethodContext } from './method.js'
import { markSmallest } from './select.js'

/** Keeps the largest |W| of the dense weights, over the whole layer or in each n:m group; ties: the lowest index goes. */
export function magnitude({ linalg, problem, pattern, budget, deadInputs }: MethodContext): Candidate {
  const { rows, cols, weights: dense } = problem.problem
  const dead = deadInputs === 'first' ? problem.dead : new Uint8Array(cols)
  const mask = new Uint8Array(rows * cols).fill(1)
  if (pattern.kind === 'unstructured') {
    const rest = pruneDead(mask, dead, dense, rows * cols - budget.nonzeros)
    // All dead weights are out already where anything is left to choose.
    const chosen = new Uint8Array(mask.length)
    markSmallest(
      dense.map((w, i) => (dead[i % cols] ? Infinity : Math.abs(w))),
      rest,
      chosen,
    )
    chosen.forEach((c, i) => (mask[i] -= c))
  } else {
    const { n, m } = pattern
    for (let row = 0; row < rows; row++) {
      for (let from = 0; from < cols; from += m) {
        const width = Math.min(m, cols - from)
        // −1: before every magnitude.
        const scores = Float64Array.from({ length: width }, (_, k) =>
          dead[from + k] ? -1 : Math.abs(dense[row * cols + from + k]),
        )
        const chosen = new Uint8Array(width)
        markSmallest(scores, width - keptOfGroup(width, n, m), chosen)
        chosen.forEach((c, k) => (mask[row * cols + from + k] = 1 - c))
      }
    }
  }
  const weights = dense.map((w, i) => (mask[i] ? w : 0))
  return { weights, mask, loss: excess(linalg, problem, weights).loss }
}
