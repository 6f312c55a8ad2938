import { keptOfGroup } from './counts.js'
import type { MethodContext } from './method.js'
import { markSmallest } from './select.js'
import { pruneUnits, sumOverUnits, unitsOf, type Units } from './units.js'

type Given = Pick<MethodContext, 'problem' | 'pattern' | 'budget' | 'allowed' | 'deadInputs'>

/** What is decided before a method chooses among the units of an unstructured or block pattern. */
export interface UnitChoice {
  readonly units: Units
  /** [rows, cols], 1 = kept: without what is not allowed and the units of dead inputs that go first. */
  readonly mask: Uint8Array
  /** [units.count]: 1 where the unit is still to be decided. */
  readonly open: Uint8Array
  readonly openCount: number
  /** How many of the open units go. */
  readonly rest: number
}

/** [cols]: 1 where weights are pruned before all others. */
export function deadColumns({ problem, deadInputs }: Given): Uint8Array {
  return deadInputs === 'first' ? problem.dead : new Uint8Array(problem.dead.length)
}

/**
 * Units without an allowed weight are gone. Those whose allowed weights are all on dead inputs go first; where fewer
 * zeros are asked for, those with the least Σ w*² go.
 */
export function startChoice(given: Given): UnitChoice {
  const { problem, pattern, budget, allowed } = given
  const { rows, cols } = problem.problem
  if (pattern.kind === 'nm') throw new Error('n:m patterns choose in groups')
  const units = unitsOf(rows, cols, pattern)
  const dead = deadColumns(given)
  const mask = allowedMask(given)
  const open = new Uint8Array(units.count)
  // nothing is decided yet
  if (!allowed && !dead.includes(1)) {
    open.fill(1)
    return { units, mask, open, openCount: units.count, rest: units.count - (budget.blocks ?? budget.nonzeros) }
  }
  const held = new Uint8Array(units.count)
  for (let row = 0, i = 0; row < rows; row++) {
    const from = Math.floor(row / units.height) * units.across
    for (let j = 0; j < cols; j++, i++) {
      const u = from + (units.width === 1 ? j : Math.floor(j / units.width))
      held[u] |= mask[i]
      open[u] |= mask[i] & (1 - dead[j])
    }
  }
  const openCount = ones(open)
  const gone = units.count - ones(held)
  const lifeless = units.count - gone - openCount
  const zeros = units.count - (budget.blocks ?? budget.nonzeros)

  if (lifeless > 0) {
    const size = sumOverUnits(
      problem.target.map((w) => w * w),
      units,
    )
    const chosen = new Uint8Array(units.count)
    const scores = size.map((v, u) => (held[u] && !open[u] ? v : Infinity))
    markSmallest(scores, Math.min(zeros - gone, lifeless), chosen)
    pruneUnits(mask, chosen, units)
  }
  return { units, mask, open, openCount, rest: Math.max(0, zeros - gone - lifeless) }
}

/**
 * Sets to 0, in a mask of the choice, the `zeros` open units with the smallest `scores` [rows, cols], summed per unit;
 * `scores` is used up.
 */
export function pruneOpen(
  { units, open }: UnitChoice,
  mask: Uint8Array,
  scores: Float32Array | Float64Array,
  zeros: number,
): void {
  const sums = sumOverUnits(scores, units)
  // Infinity is never reached.
  for (let u = 0; u < sums.length; u++) if (!open[u]) sums[u] = Infinity
  const chosen = new Uint8Array(units.count)
  markSmallest(sums, zeros, chosen)
  pruneUnits(mask, chosen, units)
}

/** All but the n largest `scores` of each n:m group go, of those that `mask` keeps; dead inputs before all others. */
function pruneInGroups(
  mask: Uint8Array,
  scores: Float32Array | Float64Array,
  dead: Uint8Array,
  { n, m }: { readonly n: number; readonly m: number },
): void {
  const cols = dead.length
  for (let row = 0; row < mask.length; row += cols) {
    for (let from = 0; from < cols; from += m) {
      keepInGroup(mask, scores, dead, { row, from, to: Math.min(from + m, cols), n, m })
    }
  }
}

/**
 * The mask that keeps what has the largest `scores` [rows, cols], none negative, as the pattern wants; a unit of several
 * weights has their sum. Ties: the lowest index goes.
 */
export function keepLargest(given: Given, scores: Float64Array): Uint8Array {
  if (given.pattern.kind === 'nm') {
    const mask = allowedMask(given)
    pruneInGroups(mask, scores, deadColumns(given), given.pattern)
    return mask
  }
  const choice = startChoice(given)
  const { mask } = choice
  pruneOpen(
    choice,
    mask,
    scores.map((score, i) => (mask[i] ? score : 0)),
    choice.rest,
  )
  return mask
}

/** [rows, cols], the caller's own: 1 where a weight may be kept. */
export function allowedMask({ problem, allowed }: Pick<Given, 'problem' | 'allowed'>): Uint8Array {
  const { rows, cols } = problem.problem
  return allowed ? Uint8Array.from(allowed) : new Uint8Array(rows * cols).fill(1)
}

/**
 * One n:m group, columns from ≤ j < to of the row that begins at `row`: of what `mask` still keeps, all but the n largest
 * go; dead inputs before all others.
 */
export function keepInGroup(
  mask: Uint8Array,
  scores: Float32Array | Float64Array,
  dead: Uint8Array,
  { row, from, to, n, m }: { row: number; from: number; to: number; n: number; m: number },
): void {
  let surplus = -keptOfGroup(to - from, n, m)
  for (let j = from; j < to; j++) surplus += mask[row + j]
  for (; surplus > 0; surplus--) {
    let least = -1
    for (let j = from; j < to; j++) {
      if (!mask[row + j]) continue
      if (least < 0 || dead[j] > dead[least] || (dead[j] === dead[least] && scores[row + j] < scores[row + least])) {
        least = j
      }
    }
    mask[row + least] = 0
  }
}

/** How many of the flags are 1. */
export function ones(flags: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < flags.length; i++) sum += flags[i]
  return sum
}
