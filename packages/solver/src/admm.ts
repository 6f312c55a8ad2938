import { throwIfAborted } from '@tacojs/errors'
import type { Admm, AdmmOptions } from '@tacojs/linalg'
import { deadColumns, ones, pruneOpen, startChoice } from './choice.js'
import type { Candidate, MethodContext } from './method.js'
import { fitMask, type Refitted } from './refit.js'

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
  /** n [cols]. */
  readonly length: Float64Array
  /** B̃ [rows, cols], up to a factor. */
  readonly b: Float32Array
  /** W*n [rows, cols], up to the same factor. */
  readonly target: Float32Array
}

/** The largest weight is scaled to 1 on top, so that all fit into f32. */
function normalise({ problem }: MethodContext): Normalised {
  const { rows, cols, h } = problem.problem
  const { lambda, target, product } = problem
  const length = Float64Array.from({ length: cols }, (_, j) => Math.sqrt(h[j * cols + j] + lambda))
  let most = 0
  for (let row = 0, i = 0; row < rows; row++) {
    for (let j = 0; j < cols; j++, i++) most = Math.max(most, Math.abs(target[i] * length[j]))
  }
  const scale = most > 0 ? 1 / most : 1
  const [b, w] = [new Float32Array(rows * cols), new Float32Array(rows * cols)]
  const [inverse, times] = [length.map((v) => scale / v), length.map((v) => scale * v)]
  for (let row = 0, i = 0; row < rows; row++) {
    for (let j = 0; j < cols; j++, i++) {
      b[i] = product[i] * inverse[j]
      w[i] = target[i] * times[j]
    }
  }
  return { length, b, target: w }
}

function supportOfAdmm(context: MethodContext, { length, b, target }: Normalised, rho: number): Uint8Array {
  const { linalg, problem, signal } = context
  const { rows, cols } = problem.problem
  const chooser = chooserOf(context)
  if ('decided' in chooser) return chooser.decided

  const q = { a: problem.problem.h, scale: length.map((v) => 1 / v), diagonal: 1 + rho }
  const iterate = linalg.admm({ ...chooser.options, m: rows, n: cols, q, b, v: target, rho })
  try {
    for (let t = 1; ; t++) {
      throwIfAborted(signal)
      chooser.choose(iterate, 1 - (1 - Math.min(1, t / ramp)) ** 3)
      if (t === iterations - 1) return iterate.mask()
      iterate.step()
    }
  } finally {
    iterate.dispose()
  }
}

/** How the mask of an iteration is chosen when `part` of the zeros are asked for, or the mask, whatever the values. */
type Chooser =
  | { readonly decided: Uint8Array }
  | {
      readonly options: Pick<AdmmOptions, 'block' | 'open' | 'allowed'>
      choose(iterate: Admm, part: number): void
    }

function chooserOf(context: MethodContext): Chooser {
  const { pattern, allowed } = context
  if (pattern.kind === 'nm') {
    const dead = deadColumns(context)
    return {
      options: allowed ? { open: allowed } : {},
      choose: (iterate) => iterate.pruneGroups(pattern.n, pattern.m, dead),
    }
  }
  const choice = startChoice(context)
  const { rest, openCount, mask, open, units } = choice
  if (rest === 0 || rest === openCount) {
    pruneOpen(choice, mask, new Float32Array(mask.length), rest)
    return { decided: mask }
  }
  // what is out stays out; of single weights that is all that is not open
  const all = ones(mask) === mask.length
  const blocks = units.count < mask.length
  return {
    options: {
      ...(blocks ? { block: [units.height, units.width] } : {}),
      ...(openCount < units.count ? { open } : {}),
      ...(blocks && !all ? { allowed: mask } : {}),
    },
    choose: (iterate, part) => iterate.prune(Math.floor(part * rest)),
  }
}
