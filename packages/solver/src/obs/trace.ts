import { TacoError } from '@tacojs/errors'
import type { DampedProblem } from '../damp.js'
import type { Numerics } from '../numerics.js'
import { formatPattern, type Pattern } from '../pattern.js'
import { markSmallest } from '../select.js'
import { startOf } from './start.js'

/**
 * In which order ExactOBS removes the units of each row group, and what the loss rose by with each. One trace serves
 * every budget of the same problem, pattern, warm start and policy for dead inputs.
 */
export interface ObsTrace {
  /** Of the layer. */
  readonly rows: number
  readonly cols: number
  readonly pattern: Pattern
  /** [down, cols]: 1 where a column took part; what is not allowed and dead inputs that go first do not. */
  readonly support: Uint8Array
  /** n:m: how many columns were to leave each group of m [rows, ⌈cols/m⌉]. */
  readonly left?: Int32Array
  /** Row groups: rows, or rows of blocks. */
  readonly down: number
  /** Units of a row group: columns, or columns of blocks. */
  readonly across: number
  /** [down, across]: units by their place in the row group; −1 where nothing was removed, or is not known yet. */
  readonly order: Int32Array
  /** [down, across] */
  readonly losses: Float64Array
  /** [down]: how many of them are known. What is asked for beyond is computed and added then. */
  readonly known: Int32Array
}

/** What the rows of a layer start from, and what may leave. */
export interface Field {
  readonly numerics: Numerics
  readonly problem: DampedProblem
  readonly pattern: Pattern
  /** Rows of a row group and columns of a unit; smaller at the edges. */
  readonly height: number
  readonly width: number
  readonly down: number
  readonly across: number
  /** [down, cols]: 1 where a column takes part. */
  readonly support: Uint8Array
  /** [down]: the units that do. */
  readonly open: Int32Array
  /** n:m: how many more columns may leave each group of m [down, ⌈cols/m⌉]. */
  readonly quotas?: { readonly left: Int32Array; readonly m: number }
  readonly signal?: AbortSignal
}

export function emptyTrace({ problem, pattern, support, quotas, down, across }: Field): ObsTrace {
  const { rows, cols } = problem.problem
  return {
    ...{ rows, cols, pattern, support, left: quotas?.left },
    down,
    across,
    order: new Int32Array(down * across).fill(-1),
    losses: new Float64Array(down * across),
    known: new Int32Array(down),
  }
}

/**
 * Throws SHAPE_MISMATCH and INVALID_ARGUMENT where a trace is one of other rows, columns, units or starts than the
 * field.
 */
export function checkTrace(field: Field, trace: ObsTrace): void {
  const { problem, down, across } = field
  const { rows, cols } = problem.problem
  const lengths = [trace.rows, trace.cols, trace.order?.length, trace.losses?.length, trace.known?.length]
  const given = trace.pattern && formatPattern(trace.pattern)
  const wanted = formatPattern(field.pattern)
  if (given !== wanted) throw differs(`is of pattern ${given}, not ${wanted}`)
  if (![rows, cols, down * across, down * across, down].every((length, i) => length === lengths[i])) {
    throw new TacoError(
      'SHAPE_MISMATCH',
      `ExactOBS: the trace is of ${trace.rows}×${trace.cols} weights, not ${rows}×${cols}; trace this layer`,
    )
  }
  if (!alike(trace.support, field.support)) throw differs('started from other allowed weights or dead inputs')
  if (!alike(trace.left, field.quotas?.left)) throw differs('was to take other numbers out of its groups')
}

const differs = (how: string): TacoError =>
  new TacoError('INVALID_ARGUMENT', `ExactOBS: the trace ${how}; trace the context that it is to serve`)

function alike(a: ArrayLike<number> | undefined, b: ArrayLike<number> | undefined): boolean {
  if (!a || !b || a.length !== b.length) return a === b
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Runs ExactOBS on the row groups `which` down to `depth` removals, and notes what it does in the trace. */
export function runRows(field: Field, trace: ObsTrace, which: Int32Array, depth: number): void {
  const { numerics, problem, height, width, across, open, quotas, signal } = field
  if (which.length === 0) return
  const start = startOf(numerics, problem, { which, height, support: field.support })
  const { n, columns } = start
  const elimination = {
    ...{ bits: start.bits, n, diagonal: start.diagonal, start: start.start },
    ...{ groups: which.length, rows: height, units: across, depth, signal },
    unit: columns.map((j) => Math.floor(j / width)),
    quotas: quotas && {
      set: columns.map((j) => Math.floor(j / quotas.m)),
      sets: quotas.left.length / trace.down,
      left: gatherRows(quotas.left, which, quotas.left.length / trace.down),
    },
  }
  let removals = numerics.eliminate({ ...elimination, weights: start.weights.slice() })
  const finite = removals.losses.every(Number.isFinite)
  if (!finite) removals = numerics.eliminate({ ...elimination, bits: 64, weights: start.weights })
  which.forEach((g, i) => {
    const order = removals.order.subarray(i * across, (i + 1) * across)
    const end = order.indexOf(-1)
    const known = end < 0 ? across : end
    const expected = Math.min(depth, quotas ? known : open[g])
    if (known < expected) {
      throw new TacoError('NUMERICAL', `ExactOBS: row ${g * height} has no finite loss left; raise the damping`)
    }
    trace.order.set(order, g * across)
    trace.losses.set(
      removals.losses.subarray(i * across, (i + 1) * across).map((loss) => loss * start.lossScale[i]),
      g * across,
    )
    trace.known[g] = known
  })
}

/**
 * How many units each row group loses [down] when `count` leave in all and each goes to the row group whose next loss is
 * smallest, the lowest among equals. That is: the `count` smallest of the losses' running maxima, for what follows a loss
 * and is smaller leaves right after it. What is not known yet has at least the running maximum so far; where that is
 * among the smallest, the row group is run to its end.
 */
export function shareOut(field: Field, trace: ObsTrace, count: number): Int32Array {
  const { down, across, losses, known } = trace
  const maxima = new Float64Array(losses.length)
  const chosen = new Uint8Array(losses.length)
  for (;;) {
    for (let g = 0; g < down; g++) {
      let most = 0
      for (let k = 0, at = g * across; k < across; k++, at++) {
        if (k < known[g]) most = Math.max(most, losses[at])
        maxima[at] = k < field.open[g] ? most : Infinity
      }
    }
    markSmallest(maxima, count, chosen)
    const counts = new Int32Array(down)
    chosen.forEach((c, i) => (counts[Math.floor(i / across)] += c))
    const short = Int32Array.from(counts.keys()).filter((g) => counts[g] > known[g])
    if (short.length === 0) return counts
    runRows(field, trace, short, across)
  }
}

function gatherRows(values: Int32Array, which: Int32Array, width: number): Int32Array {
  const gathered = new Int32Array(which.length * width)
  which.forEach((g, i) => gathered.set(values.subarray(g * width, (g + 1) * width), i * width))
  return gathered
}
