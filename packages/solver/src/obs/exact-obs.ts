import { deadColumns, startChoice } from '../choice.js'
import { keptOfGroup } from '../counts.js'
import type { Candidate, MethodContext } from '../method.js'
import type { Pattern } from '../pattern.js'
import { fitMask } from '../refit.js'
import { numericsOf } from '../numerics.js'
import { pruneUnits } from '../units.js'
import { checkTrace, emptyTrace, runRows, shareOut, type Field, type ObsTrace } from './trace.js'

export type ObsCandidate = Candidate & { readonly trace: ObsTrace }

/**
 * ExactOBS (Frantar & Alistarh 2022, "Optimal Brain Compression"): each row on its own loses the weight with the smallest
 * w²/P_jj, P = (H_SS)⁻¹ on what is left of it; the others take up its share and P is updated. A block of R×C leaves
 * with Σ w_Bᵀ(P_BB)⁻¹w_B, its R rows share P. The layer's budget goes to the rows by their next losses. An n:m group
 * loses no more than m − n. Rows start from W*, or where a warm start has zeros from the best weights on its support;
 * a block that is partly allowed starts whole. The weights are the exact refit on the mask.
 *
 * Floating-point operations of one row of n columns, to its end: n³/3. Of these 16n² are for the columns of P that are
 * needed while removals are gathered, up to 32, before they are applied to one triangle of P at once. f32, but f64 up to
 * 128 columns and where H is ill-conditioned.
 */
export function exactObs(context: MethodContext): ObsCandidate {
  const field = fieldOf(context)
  const trace = emptyTrace(field)
  const all = Int32Array.from(trace.known.keys())
  // Some rows lose more than their part. The work is in the first removals: to stop early is worth it at low sparsity only.
  const depth = context.pattern.kind === 'nm' ? trace.across : 16 + (3 * startChoice(context).rest) / (2 * trace.down)
  runRows(field, trace, all, Math.min(trace.across, Math.ceil(depth)))
  return candidateOf(context, field, trace)
}

/** The trace to the last weight, for all budgets: `context.budget` is not looked at. */
export function traceObs(context: MethodContext): ObsTrace {
  const field = fieldOf(context)
  const trace = emptyTrace(field)
  runRows(field, trace, Int32Array.from(trace.known.keys()), trace.across)
  return trace
}

/**
 * The mask and the weights for `context.budget`, from the trace of a context that differs in the budget alone. What the
 * budget asks for beyond the trace is computed and added to it.
 *
 * Throws SHAPE_MISMATCH for the trace of a layer of another size, INVALID_ARGUMENT for that of another pattern, and
 * where other weights may leave: another warm start, other dead inputs or another policy for them.
 */
export function fromTrace(context: MethodContext, trace: ObsTrace): ObsCandidate {
  const field = fieldOf(context)
  checkTrace(field, trace)
  return candidateOf(context, field, trace)
}

function candidateOf(context: MethodContext, field: Field, trace: ObsTrace): ObsCandidate {
  const { linalg, problem, pattern, signal } = context
  const mask = pattern.kind === 'nm' ? maskOfGroups(context, pattern, trace) : maskOfBudget(context, field, trace)
  return { ...fitMask(linalg, problem, mask, { signal }), trace }
}

function maskOfBudget(context: MethodContext, field: Field, trace: ObsTrace): Uint8Array {
  const { units, mask, rest } = startChoice(context)
  if (rest === 0) return mask
  const counts = shareOut(field, trace, rest)
  const chosen = new Uint8Array(units.count)
  counts.forEach((count, g) => {
    for (let k = 0; k < count; k++) chosen[g * units.across + trace.order[g * units.across + k]] = 1
  })
  pruneUnits(mask, chosen, units)
  return mask
}

function maskOfGroups(context: MethodContext, pattern: Pattern & { kind: 'nm' }, trace: ObsTrace): Uint8Array {
  const { mask } = startGroups(context, pattern)
  const { cols } = context.problem.problem
  trace.order.forEach((j, i) => {
    if (j >= 0) mask[i - (i % cols) + j] = 0
  })
  return mask
}

function fieldOf(context: MethodContext): Field {
  const { linalg, problem, pattern, signal } = context
  const numerics = numericsOf('ExactOBS', linalg)
  const { rows, cols } = problem.problem
  if (pattern.kind === 'nm') {
    const { support, left } = startGroups(context, pattern)
    const open = new Int32Array(rows)
    support.forEach((s, i) => (open[Math.floor(i / cols)] += s))
    const shape = { height: 1, width: 1, down: rows, across: cols }
    return { numerics, problem, pattern, ...shape, support, open, quotas: { left, m: pattern.m }, signal }
  }
  const { units, open: isOpen } = startChoice(context)
  const { height, width, down, across } = units
  const support = new Uint8Array(down * cols)
  const open = new Int32Array(down)
  for (let g = 0; g < down; g++) {
    for (let u = 0; u < across; u++) {
      if (!isOpen[g * across + u]) continue
      open[g]++
      support.fill(1, g * cols + u * width, g * cols + Math.min((u + 1) * width, cols))
    }
  }
  return { numerics, problem, pattern, height, width, down, across, support, open, signal }
}

/**
 * n:m before anything is solved: weights of dead inputs leave their groups first, the smallest |w*| before the others.
 * What may still leave is in `support`, and how much of each group in `left`.
 */
function startGroups(
  context: MethodContext,
  { n, m }: { readonly n: number; readonly m: number },
): { mask: Uint8Array; support: Uint8Array; left: Int32Array } {
  const { rows, cols } = context.problem.problem
  const dead = deadColumns(context)
  const mask = context.allowed ? Uint8Array.from(context.allowed) : new Uint8Array(rows * cols).fill(1)
  const size = context.problem.target.map(Math.abs)
  const across = Math.ceil(cols / m)
  const left = new Int32Array(rows * across)
  for (let row = 0; row < rows; row++) {
    for (let from = 0, g = 0; from < cols; from += m, g++) {
      const to = Math.min(from + m, cols)
      let live = 0
      let kept = 0
      for (let j = from; j < to; j++) {
        kept += mask[row * cols + j]
        if (!dead[j]) live += mask[row * cols + j]
      }
      const surplus = Math.max(0, kept - keptOfGroup(to - from, n, m))
      const first = Math.min(surplus, kept - live)
      pruneDead(mask, size, dead, { row: row * cols, from, to }, first)
      left[row * across + g] = surplus - first
    }
  }
  return { mask, support: mask.map((kept, i) => (dead[i % cols] ? 0 : kept)), left }
}

function pruneDead(
  mask: Uint8Array,
  size: Float64Array,
  dead: Uint8Array,
  { row, from, to }: { row: number; from: number; to: number },
  count: number,
): void {
  for (; count > 0; count--) {
    let least = -1
    for (let j = from; j < to; j++) {
      if (mask[row + j] && dead[j] && (least < 0 || size[row + j] < size[row + least])) least = j
    }
    mask[row + least] = 0
  }
}
