import type { Linalg } from '@tacojs/linalg'
import { invertPositive, unlessSingular } from './dense.js'

/**
 * The sweep matrix of one row for its support S, N the rest (Goodnight 1979): with H damped and P = (H_SS)⁻¹
 *
 *   M_SS = −P,  M_SN = P·H_SN,  M_NN = H_NN − H_NS·P·H_SN;  v_S = P·b_S = ŵ,  v_N = b_N − H_NS·ŵ
 *
 * To take j in lowers the loss by v_j²/M_jj; to take i out raises it by −v_i²/M_ii.
 */
export interface Pivots {
  /** [cols, cols], symmetric. */
  readonly m: Float64Array
  /** [cols]. */
  readonly v: Float64Array
  /** [cols]: 1 in S. */
  readonly kept: Uint8Array
}

/** From the damped H [cols, cols], a row of b and the row's mask; undefined where H_SS cannot be factored. */
export function pivotsOf(linalg: Linalg, h: Float64Array, b: Float64Array, kept: Uint8Array): Pivots | undefined {
  const cols = b.length
  const [inside, outside] = [1, 0].map((flag) => Int32Array.from(kept.keys()).filter((j) => kept[j] === flag))
  const [k, n] = [inside.length, outside.length]
  const p = gather(h, cols, inside, inside)
  if (k > 0 && !unlessSingular(() => invertPositive(linalg, p, k))) return undefined
  const across = gather(h, cols, inside, outside)
  const t = new Float64Array(k * n)
  const schur = gather(h, cols, outside, outside)
  const w = new Float64Array(k)
  const r = Float64Array.from(outside, (j) => b[j])
  if (k > 0) {
    linalg.gemm({ m: k, n: 1, k, a: p, b: Float64Array.from(inside, (j) => b[j]), c: w })
    linalg.gemm({ m: k, n, k, a: p, b: across, c: t })
    linalg.gemm({ transA: true, m: n, n, k, alpha: -1, a: across, b: t, beta: 1, c: schur })
    linalg.gemm({ transA: true, m: n, n: 1, k, alpha: -1, a: across, b: w, beta: 1, c: r })
  }
  const m = new Float64Array(cols * cols)
  const v = new Float64Array(cols)
  inside.forEach((i, x) => {
    v[i] = w[x]
    inside.forEach((j, y) => (m[i * cols + j] = -p[x * k + y]))
    outside.forEach((j, y) => (m[i * cols + j] = m[j * cols + i] = t[x * n + y]))
  })
  outside.forEach((i, x) => {
    v[i] = r[x]
    outside.forEach((j, y) => (m[i * cols + j] = schur[x * n + y]))
  })
  return { m, v, kept: kept.slice() }
}

/** Takes column `at` in where it is out, and out where it is in. */
export function pivot({ m, v, kept }: Pivots, at: number): void {
  const cols = v.length
  const d = m[at * cols + at]
  const column = m.slice(at * cols, (at + 1) * cols)
  for (let i = 0, x = 0; i < cols; i++) {
    const factor = column[i] / d
    if (i === at) {
      x += cols
      continue
    }
    for (let j = 0; j < cols; j++, x++) m[x] -= factor * column[j]
    v[i] -= factor * v[at]
  }
  const sign = kept[at] ? -1 : 1
  for (let i = 0; i < cols; i++) m[at * cols + i] = m[i * cols + at] = (sign * column[i]) / d
  m[at * cols + at] = -1 / d
  v[at] = (sign * v[at]) / d
  kept[at] = 1 - kept[at]
}

function gather(h: Float64Array, cols: number, rows: Int32Array, columns: Int32Array): Float64Array {
  const part = new Float64Array(rows.length * columns.length)
  for (let i = 0, x = 0; i < rows.length; i++) {
    const from = rows[i] * cols
    for (let j = 0; j < columns.length; j++) part[x++] = h[from + columns[j]]
  }
  return part
}
