import { admm } from './admm.js'
import type { Candidate, MethodContext } from './method.js'
import { exactObs } from './obs/exact-obs.js'

/** ExactOBS takes rows·cols³ operations: beyond this many inputs ADMM alone decides. */
const mostColumns = 800

/** ADMM, and up to 800 inputs ExactOBS as well: the one with the lower refitted loss. */
export function auto(context: MethodContext): Candidate {
  const first = admm(context)
  if (context.problem.problem.cols > mostColumns) return first
  const second = exactObs(context)
  return second.loss < first.loss ? second : first
}
