import { combine } from './column'
import { Group } from './group'
import { ROWS, tile } from './tile'
import { int, padded } from './vector'

/**
 * P = (H_SS)⁻¹ of the k columns of a group's support, in f64 and by Cholesky: H_SS = RᵀR, V = R⁻ᵀ, P = VᵀV. Leaves V at
 * the end of `wide`, its rows `wideRow` bytes apart.
 */
export function invert<T>(it: Group): usize {
  const k = it.k
  const row = it.wideRow
  const r = it.wide
  const v = r + <usize>(it.job.most + 8) * row
  memory.fill(r, 0, <usize>k * row)
  memory.fill(v, 0, <usize>(k + ROWS) * row)
  const bytes = padded<f64>(k)
  for (let t = 0; t < k; t++) {
    const line = r + <usize>t * row
    const at = (<usize>t) << 3
    const h = it.job.h + <usize>int(it.ids, t) * ((<usize>it.job.n) << 3)
    for (let j = t; j < k; j++) {
      store<f64>(line + ((<usize>j) << 3), load<f64>(h + ((<usize>int(it.ids, j)) << 3)))
    }
    const diagonal = load<f64>(line + at)
    const skipped = at & ~63
    for (let i: usize = 0; i < <usize>t; i++) store<f64>(it.factors + (i << 3), -load<f64>(r + i * row + at))
    combine<f64>(line + skipped, bytes - skipped, r + skipped, row, t, it.factors)
    // rounding must not make it 0 or negative
    const scale = 1 / Math.sqrt(max(load<f64>(line + at), 1e-15 * diagonal))
    for (let j = at; j < bytes; j += 8) store<f64>(line + j, load<f64>(line + j) * scale)

    // row t of V = (e_t − Σ R_it·row i of V)/R_tt, where row i ends at column i
    const inverse = v + <usize>t * row
    store<f64>(inverse + at, 1)
    for (let b: usize = 0; b <= at; b += 128) {
      const from = b >> 3
      combine<f64>(inverse + b, min<usize>(128, bytes - b), v + b + from * row, row, t - <i32>from, it.factors + b)
    }
    for (let j: usize = 0; j <= at; j += 8) store<f64>(inverse + j, load<f64>(inverse + j) * scale)
  }
  for (let i = 0; i < k; i += ROWS) {
    const a = v + <usize>i * row + ((<usize>i) << 3)
    for (let j = 0; j < i + ROWS; j += 4) {
      tile<f64>(k - i, a, v + <usize>i * row + ((<usize>j) << 3), row, it.tile)
      for (let q = 0; q < min(ROWS, k - i); q++) {
        const to = it.p + <usize>(i + q) * it.row + <usize>j * sizeof<T>()
        const sums = it.tile + ((<usize>q) << 5)
        for (let c: usize = 0; c < 4; c++) store<T>(to + c * sizeof<T>(), <T>load<f64>(sums + (c << 3)))
      }
    }
  }
  return v
}

/** The best weights of the support, w = Vᵀ(V·b), where `weights` holds b = (w*H)_S: [k], in place. */
export function fit(it: Group, v: usize, b: usize): void {
  const k = it.k
  const y = it.factors
  for (let t = 0; t < k; t++) {
    let sum: f64 = 0
    for (let j: usize = 0; j <= <usize>t; j++)
      sum += load<f64>(v + <usize>t * it.wideRow + (j << 3)) * load<f64>(b + (j << 3))
    store<f64>(y + ((<usize>t) << 3), sum)
  }
  memory.fill(b, 0, (<usize>k) << 3)
  for (let t = 0; t < k; t++) {
    const factor = load<f64>(y + ((<usize>t) << 3))
    for (let j: usize = 0; j <= <usize>t; j++) {
      const at = b + (j << 3)
      store<f64>(at, load<f64>(at) + factor * load<f64>(v + <usize>t * it.wideRow + (j << 3)))
    }
  }
}
