import { keptOfGroup } from './counts.js'
import { pruneDead } from './dead-first.js'
import type { Candidate, MethodContext } from './method.js'
import { markSmallest } from './select.js'
import { sweep } from './sweep.js'

/**
 * FastOBC: the sweep, where the weights with the smallest (w/U_jj)² go. Unstructured: chosen at the start of each block
 * among all rows. The zeros of the layer are exact: after each block as many have gone as is the share, rounded down, of
 * what it and the blocks before it hold. n:m: chosen per row when the first column of a group is reached.
 */
export function fastObc(context: MethodContext): Candidate {
  const { problem, pattern, budget } = context
  const { rows, cols } = problem.problem
  const dead = context.deadInputs === 'first' ? problem.dead : new Uint8Array(cols)
  const mask = new Uint8Array(rows * cols).fill(1)
  if (pattern.kind === 'nm') return sweepGroups(context, pattern, mask, dead)

  const rest = pruneDead(mask, dead, problem.target, rows * cols - budget.nonzeros)
  const live = rows * dead.reduce((sum, d) => sum + 1 - d, 0)
  let seen = 0
  let pruned = 0
  return sweepBlocks(context, mask, dead, (weights) => {
    seen += weights
    const count = Math.floor((seen * rest) / live) - pruned
    pruned += count
    return count
  })
}

/** Unstructured; at the start of a block as many weights go as `zerosOf` says for the live ones that it holds. */
export function sweepBlocks(
  { linalg, problem, blockSize, signal }: Pick<MethodContext, 'linalg' | 'problem' | 'blockSize' | 'signal'>,
  mask: Uint8Array,
  dead: Uint8Array,
  zerosOf: (weights: number) => number,
): Candidate {
  const { rows, cols } = problem.problem
  const upper = problem.upper()
  const decide = (weights: Float64Array, from: number, to: number) => {
    const width = to - from
    const scores = new Float64Array(rows * width)
    let live = 0
    for (let j = from; j < to; j++) {
      if (!dead[j]) live += rows
      for (let row = 0; row < rows; row++) {
        // |w/U_jj| has the order of its square. The dead are decided already, and Infinity is never reached.
        scores[row * width + j - from] = dead[j] ? Infinity : Math.abs(weights[row * cols + j] / upper[j * cols + j])
      }
    }
    const zeros = live > 0 ? zerosOf(live) : 0
    const chosen = new Uint8Array(scores.length)
    markSmallest(scores, zeros, chosen)
    for (let row = 0; row < rows; row++) {
      for (let k = 0; k < width; k++) if (chosen[row * width + k]) mask[row * cols + from + k] = 0
    }
  }
  return sweep(linalg, problem, { mask, blockSize, step: blockSize, decide, signal })
}

function sweepGroups(
  { linalg, problem, blockSize, signal }: MethodContext,
  { n, m }: { n: number; m: number },
  mask: Uint8Array,
  dead: Uint8Array,
): Candidate {
  const { rows, cols } = problem.problem
  const upper = problem.upper()
  const decide = (weights: Float64Array, from: number, to: number) => {
    const scores = new Float64Array(to - from)
    const chosen = new Uint8Array(to - from)
    const zeros = scores.length - keptOfGroup(scores.length, n, m)
    for (let row = 0; row < rows; row++) {
      for (let k = 0; k < scores.length; k++) {
        const j = from + k
        // −1: before every live one.
        scores[k] = dead[j] ? -1 : Math.abs(weights[row * cols + j] / upper[j * cols + j])
      }
      markSmallest(scores, zeros, chosen)
      for (let k = 0; k < scores.length; k++) mask[row * cols + from + k] = 1 - chosen[k]
    }
  }
  // A group must not straddle two blocks.
  return sweep(linalg, problem, { mask, blockSize: Math.ceil(blockSize / m) * m, step: m, decide, signal })
}
