import type { Pattern } from '@tacojs/solver'
import type { Contender } from './contenders.js'

/** Multiply-adds of a second of one quiet core: f32 products, and f64 factorisations, as measured for linalg. */
const F32 = 10e9
const F64 = 2e9
/** Of rows·cols³: a tenth of the weights or so is exchanged, each with an update of a matrix of cols². */
const EXCHANGES = 1.6e9

/**
 * Seconds that a solution takes about, to leave out what is too dear before it begins; within a factor of three or so.
 *
 * @param zeros share of the weights
 */
export function estimateSeconds(
  { method, refit = true, swaps }: Contender,
  { rows, cols }: { readonly rows: number; readonly cols: number },
  pattern: Pattern,
  zeros: number,
): number {
  const [square, cube] = [rows * cols ** 2, cols ** 3]
  const kept = (1 - zeros) * cols
  const damping = (cube / 6 + 2 * square) / F64
  const fit = Math.min((rows * kept ** 3) / 6 / F64, (40 * square) / F32)
  const admm = (29 * square) / F32 + cube / 2 / F64 + fit
  // Rows of a block share their inverse, but pay for the block's own.
  const height = pattern.kind === 'block' ? pattern.rows : 1
  const obs = (left: number): number => (rows / height) * ((left ** 3 - Math.min(left, kept) ** 3) / 6 / F32) + fit
  const fastobc = cube / 6 / F64 + square / 2 / F64
  const choice = {
    magnitude: refit ? fit : 0,
    fastobc: fastobc + (refit ? fit : 0),
    admm,
    exactobs: obs(cols),
    // it starts from the inverses of the supports that FastOBC leaves, unless these are nearly all
    cascade: 2 * kept < 0.75 * cols ? fastobc + obs(2 * kept) + (rows * (2 * kept) ** 3) / 3 / F64 : obs(cols),
    auto: admm + (cols <= 800 ? obs(cols) : 0),
  }[method]
  return damping + choice + (swaps ? (rows * cols ** 3) / EXCHANGES : 0)
}
