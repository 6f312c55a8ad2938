import { keepLargest } from './choice.js'
import { excess } from './loss.js'
import type { Candidate, MethodContext } from './method.js'

/** Keeps the largest |W| of the dense weights (blocks: the largest Σ W²); ties: the lowest index goes. */
export function magnitude(context: MethodContext): Candidate {
  const { linalg, problem } = context
  const dense = problem.problem.weights
  const mask = keepLargest(
    context,
    dense.map((w) => w * w),
  )
  const weights = dense.map((w, i) => (mask[i] ? w : 0))
  return { weights, mask, loss: excess(linalg, problem, weights).loss }
}
