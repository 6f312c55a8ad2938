import { throwIfAborted } from '@tacojs/errors'
import { allowedMask, deadColumns, pruneInGroups, pruneOpen, startChoice } from './choice.js'
import { invertPositive } from './dense.js'
import type { Candidate, MethodContext } from './method.js'
import { fitMask, type Refitted } from './refit.js'
import { markSmallest } from './select.js'

const iterations = 30
/** The iteration from which all zeros are asked for. */
const ramp = 20

/**
 * ADMM (Boža 2024; Meng et al. 2024, ALPS) on the problem whose inputs have length 1: with n = √diag(H + λI),
 * H̃ = (H + λI)/(n nᵀ), B̃ = W*(H + λI)/n and Q = (H̃ + ρI)⁻¹, from W = W*n and U = 0,
 *
 *   Z = keep the largest of (W + U),  U ← W + U − Z,  W = (B̃ + ρ(Z − U))Q
 *
 * with s(1 − (1 − min(1, t/20))³) zeros in iteration t < 30, of which the first changes nothing. The answer is not Z but
 * the exact fit on its support; of several ρ, that of the lowest loss. Products are f32, Q and B̃ are formed in f64.
 */
export function admm(context: MethodContext): Candidate {
  const { linalg, problem, rho = [0.7], signal } = context
  const normalised = normalise(context)
  let best: Refitted | undefined
  for (const penalty of rho) {
    const next = fitMask(linalg, problem, supportOfAdmm(context, normalised, penalty), { signal })
    if (!best || next.loss < best.loss) best = next
  }
  return best!
}

interface Normalised {
  /** H̃ [cols, cols]. */
  readonly h: Float64Array
  /** B̃ [rows, cols], up to a factor. */
  readonly b: Float64Array
  /** W*n [rows, cols], up to the same factor. */
  readonly target: Float64Array
}

/** The largest weight is scaled to 1 on top, so that all fit into f32. */
function normalise({ problem }: MethodContext): Normalised {
  const { cols, h } = problem.problem
  const { lambda, target, product } = problem
  const length = Float64Array.from({ length: cols }, (_, j) => Math.sqrt(h[j * cols + j] + lambda))
  let most = 0
  for (let i = 0; i < target.length; i++) most = Math.max(most, Math.abs(target[i] * length[i % cols]))
  const scale = most > 0 ? 1 / most : 1
  const scaled = (values: Float64Array, factor: (j: number) => number) => values.map((v, i) => v * factor(i % cols))
  const unit = h.slice()
  for (let row = 0, i = 0; row < cols; row++) {
    for (let j = 0; j < cols; j++, i++) unit[i] = row === j ? 1 : unit[i] / length[row] / length[j]
  }
  return {
    h: unit,
    b: scaled(product, (j) => scale / length[j]),
    target: scaled(target, (j) => scale * length[j]),
  }
}

function supportOfAdmm(context: MethodContext, { h, b, target }: Normalised, rho: number): Uint8Array {
  const { linalg, problem, signal } = context
  const { rows, cols } = problem.problem
  const choose = chooser(context)
  if (choose.decided) return choose.at(1, new Float32Array(target.length))

  const shape = { m: rows, n: cols, k: cols }
  const inverse = h.slice()
  for (let j = 0; j < cols; j++) inverse[j * cols + j] += rho
  invertPositive(linalg, inverse, cols)
  const q = new Float32Array(inverse)
  const start = new Float32Array(rows * cols)
  linalg.gemm({ ...shape, a: new Float32Array(b), b: q, c: start })

  // V = W + U. Kept weights have Z = V and U = 0, pruned ones Z = 0 and U = V: Z − U is V with a sign.
  const v = new Float32Array(target)
  const signed = new Float32Array(v.length)
  const w = new Float32Array(v.length)
  const scores = new Float32Array(v.length)
  for (let t = 1; ; t++) {
    throwIfAborted(signal)
    square(v, scores)
    const part = 1 - (1 - Math.min(1, t / ramp)) ** 3
    const mask = choose.at(part, scores)
    if (t === iterations - 1) return mask
    sign(v, mask, signed)
    w.set(start)
    linalg.gemm({ ...shape, alpha: rho, a: signed, b: q, beta: 1, c: w })
    addPruned(v, mask, w)
  }
}

// Loops of their own are compiled once for all iterations; without branches, which nothing could predict.

function square(v: Float32Array, into: Float32Array): void {
  for (let i = 0; i < v.length; i++) into[i] = v[i] * v[i]
}

/** Z − U from V. */
function sign(v: Float32Array, mask: Uint8Array, into: Float32Array): void {
  for (let i = 0; i < v.length; i++) into[i] = v[i] * (2 * mask[i] - 1)
}

/** V ← W + U. */
function addPruned(v: Float32Array, mask: Uint8Array, w: Float32Array): void {
  for (let i = 0; i < v.length; i++) v[i] = w[i] + v[i] * (1 - mask[i])
}

/** What is kept when `part` of the zeros are asked for; `decided`: whatever the scores. */
function chooser(context: MethodContext): {
  decided: boolean
  at(part: number, scores: Float32Array): Uint8Array
} {
  const { pattern } = context
  if (pattern.kind === 'nm') {
    const [allowed, dead] = [allowedMask(context), deadColumns(context)]
    return {
      decided: false,
      at: (_part, scores) => {
        const mask = allowed.slice()
        pruneInGroups(mask, scores, dead, pattern)
        return mask
      },
    }
  }
  const choice = startChoice(context)
  const decided = choice.rest === 0 || choice.rest === choice.openCount
  if (choice.openCount === choice.mask.length) return { decided, at: smallestFirst(choice.openCount, choice.rest) }
  return {
    decided,
    at: (part, scores) => {
      const mask = choice.mask.slice()
      // What is out already adds nothing to the sum of a block.
      if (choice.units.count < scores.length) for (let i = 0; i < scores.length; i++) if (!mask[i]) scores[i] = 0
      pruneOpen(choice, mask, scores, Math.floor(part * choice.rest))
      return mask
    },
  }
}

/** What `pruneOpen` does where every weight is an open unit by itself; the mask is used again in the next iteration. */
function smallestFirst(length: number, rest: number): (part: number, scores: Float32Array) => Uint8Array {
  const mask = new Uint8Array(length)
  return (part, scores) => {
    markSmallest(scores, Math.floor(part * rest), mask)
    for (let i = 0; i < mask.length; i++) mask[i] = 1 - mask[i]
    return mask
  }
}
