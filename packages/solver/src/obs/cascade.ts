import { fastObc } from '../fastobc.js'
import type { Method, MethodContext } from '../method.js'
import { exactObs, type ObsCandidate } from './exact-obs.js'

/**
 * A quicker method keeps twice what is asked for, ExactOBS goes on from there: its cost falls by the cube. Where twice is
 * nearly all, ExactOBS goes all the way.
 */
export function cascade(context: MethodContext, first: Method = fastObc): ObsCandidate {
  const { budget, pattern } = context
  const { rows, cols } = context.problem.problem
  if (pattern.kind === 'nm') {
    const wider = { ...pattern, n: 2 * pattern.n }
    if (wider.n >= wider.m) return exactObs(context)
    return exactObs({ ...context, allowed: first({ ...context, pattern: wider }).mask })
  }
  const wider = { nonzeros: 2 * budget.nonzeros, blocks: budget.blocks && 2 * budget.blocks }
  if (wider.nonzeros >= mostOfWarmStart * rows * cols) return exactObs(context)
  return exactObs({ ...context, allowed: first({ ...context, budget: wider }).mask })
}

/** Beyond, the inverses of the supports cost more than is saved. */
const mostOfWarmStart = 0.75
