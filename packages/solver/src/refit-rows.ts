import { throwIfAborted } from '@tacojs/errors'
import type { Linalg } from '@tacojs/linalg'
import type { DampedProblem } from './damp.js'
import { solvePositive } from './dense.js'
import { supportOf } from './supports.js'

/** Up to this many unknowns a system is solved by one thread: many at a time, larger ones one after another. */
const FEW = 384
/** Multiply-adds between looks at the signal, about a second. */
const TURN = 4e9

/**
 * The exact refit row by row: with the support S of a row, ŵ_S += (H_SS)⁻¹ r_S, where r = (w* − ŵ)H is the residual
 * [rows, cols] of the given weights. The rows of a group share their support and the factorisation. Rows whose H_SS
 * cannot be factored stay as they are. Cost Σ k³/6 over the groups.
 */
export function refitRows(
  linalg: Linalg,
  problem: DampedProblem,
  mask: Uint8Array,
  groups: readonly (readonly number[])[],
  weights: Float64Array,
  residual: Float64Array,
  signal?: AbortSignal,
): Float64Array {
  const { cols } = problem.problem
  const refitted = weights.slice()
  const [few, many]: [System[], System[]] = [[], []]
  for (const rows of groups) {
    const support = supportOf(mask, rows[0], cols)
    const k = support.length
    if (k === 0) continue
    const b = new Float64Array(rows.length * k)
    for (let g = 0, at = 0; g < rows.length; g++) {
      for (let i = 0, row = rows[g] * cols; i < k; i++, at++) b[at] = residual[row + support[i]]
    }
    const system = { rows, support, nrhs: rows.length, b }
    if (k <= FEW) few.push(system)
    else many.push(system)
  }
  for (let from = 0, to = 0; from < few.length; from = to) {
    throwIfAborted(signal)
    for (let work = 0; to < few.length && work < TURN; to++) work += few[to].support.length ** 3 / 6
    const systems = few.slice(from, to)
    const solved = linalg.posvPrincipal({ n: cols, a: problem.problem.h, shift: problem.lambda, systems })
    systems.forEach((system, s) => {
      if (solved[s]) addSteps(system, refitted, cols)
    })
  }
  let matrix = new Float64Array(0)
  for (const system of many) {
    throwIfAborted(signal)
    const k = system.support.length
    // What the matrix before leaves above the diagonal is not read.
    if (matrix.length < k * k) matrix = new Float64Array(k * k)
    gather(problem, system.support, matrix)
    if (solvePositive(linalg, matrix, system.b, k, system.nrhs)) addSteps(system, refitted, cols)
  }
  return refitted
}

interface System {
  readonly rows: readonly number[]
  readonly support: Int32Array
  readonly nrhs: number
  /** [nrhs, support's length]: residuals, then steps. */
  readonly b: Float64Array
}

/** The lower triangle of H_SS + λI. */
function gather({ problem, lambda }: DampedProblem, support: Int32Array, matrix: Float64Array): void {
  const { cols, h } = problem
  const k = support.length
  for (let i = 0; i < k; i++) {
    const row = support[i] * cols
    for (let j = 0; j <= i; j++) matrix[i * k + j] = h[row + support[j]]
    matrix[i * k + i] += lambda
  }
}

function addSteps({ rows, support, b }: System, weights: Float64Array, cols: number): void {
  const k = support.length
  for (let g = 0, at = 0; g < rows.length; g++) {
    for (let i = 0, row = rows[g] * cols; i < k; i++, at++) weights[row + support[i]] += b[at]
  }
}
