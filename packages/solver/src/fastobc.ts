import { allowedMask, deadColumns, keepInGroup, startChoice, type UnitChoice } from './choice.js'
import type { Candidate, MethodContext } from './method.js'
import { markSmallest } from './select.js'
import { sweep } from './sweep.js'

/**
 * FastOBC: the sweep, where the units (weights, or blocks by their sum) with the smallest (w/U_jj)² go: chosen at the
 * start of each block of columns among all rows. The zeros of the layer are exact: after each block of columns as many
 * have gone as is the share, rounded down, of what it and those before it hold. n:m: chosen per row when the first
 * column of a group is reached.
 */
export function fastObc(context: MethodContext): Candidate {
  if (context.pattern.kind === 'nm') return sweepGroups(context, context.pattern)
  const choice = startChoice(context)
  let seen = 0
  let pruned = 0
  return sweepBlocks(context, choice, (units) => {
    seen += units
    const count = Math.floor((seen * choice.rest) / choice.openCount) - pruned
    pruned += count
    return count
  })
}

/** At the start of a block of columns as many units go as `zerosOf` says for the open ones that it holds. */
export function sweepBlocks(
  { linalg, problem, blockSize, signal }: Pick<MethodContext, 'linalg' | 'problem' | 'blockSize' | 'signal'>,
  { units, mask, open }: UnitChoice,
  zerosOf: (units: number) => number,
): Candidate {
  const { rows, cols, height, width, down, across } = units
  const upper = problem.upper()
  // No unit straddles two blocks of columns.
  const step = Math.ceil(blockSize / width) * width
  const decide = (weights: Float64Array, from: number, to: number) => {
    const first = from / width
    const span = Math.ceil(to / width) - first
    const scores = new Float64Array(down * span)
    for (let row = 0; row < rows; row++) {
      const at = Math.floor(row / height) * span
      for (let j = from; j < to; j++) {
        if (!mask[row * cols + j]) continue
        const score = weights[row * cols + j] / upper[j * cols + j]
        scores[at + Math.floor((j - from) / width)] += score * score
      }
    }
    let undecided = 0
    for (let u = 0; u < scores.length; u++) {
      if (open[Math.floor(u / span) * across + first + (u % span)]) undecided++
      // Infinity is never reached.
      else scores[u] = Infinity
    }
    const chosen = new Uint8Array(scores.length)
    markSmallest(scores, undecided > 0 ? zerosOf(undecided) : 0, chosen)
    for (let row = 0; row < rows; row++) {
      const at = Math.floor(row / height) * span
      for (let j = from; j < to; j++) if (chosen[at + Math.floor((j - from) / width)]) mask[row * cols + j] = 0
    }
  }
  return sweep(linalg, problem, { mask, blockSize: step, step, decide, signal })
}

function sweepGroups(context: MethodContext, { n, m }: { n: number; m: number }): Candidate {
  const { linalg, problem, blockSize, signal } = context
  const { rows, cols } = problem.problem
  const upper = problem.upper()
  const dead = deadColumns(context)
  const mask = allowedMask(context)
  const scores = new Float64Array(rows * cols)
  const decide = (weights: Float64Array, from: number, to: number) => {
    for (let row = 0; row < rows * cols; row += cols) {
      for (let j = from; j < to; j++) scores[row + j] = Math.abs(weights[row + j] / upper[j * cols + j])
      keepInGroup(mask, scores, dead, { row, from, to, n, m })
    }
  }
  // A group must not straddle two blocks.
  return sweep(linalg, problem, { mask, blockSize: Math.ceil(blockSize / m) * m, step: m, decide, signal })
}
