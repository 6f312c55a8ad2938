// GEMM on packed panels (Goto & van de Geijn 2008): C = A·B (+ bias per column), any strides of A and B. A tile is
// 4 rows × 2 vectors: 8 accumulators, 4 splats and 2 loads stay within the 15 registers that V8 has.
import { fma, pack } from './lanes'

/** Packs k vectors of 4 neighbours, `step` bytes apart: from m ≤ 4 rows of src, the last one repeated. Strides in bytes. */
function pack4(src: usize, rs: usize, cs: usize, m: i32, k: i32, dst: usize, step: usize): void {
  const r1 = m > 1 ? src + rs : src
  const r2 = m > 2 ? r1 + rs : r1
  const r3 = m > 3 ? r2 + rs : r2
  if (cs == 4) {
    pack(src, r1, r2, r3, k, dst, step)
    return
  }
  const end = dst + <usize>k * step
  let at: usize = 0
  if (rs == 4 && m == 4) {
    for (; dst < end; dst += step) {
      v128.store(dst, v128.load(src + at))
      at += cs
    }
    return
  }
  for (; dst < end; dst += step) {
    store<f32>(dst, load<f32>(src + at))
    store<f32>(dst, load<f32>(r1 + at), 4)
    store<f32>(dst, load<f32>(r2 + at), 8)
    store<f32>(dst, load<f32>(r3 + at), 12)
    at += cs
  }
}

/** The 4 × 8 tile at `to`, `pitch` bytes per row: what is there, unless this is the first part of k, plus A·B. */
function tile(a: usize, b: usize, k: i32, to: usize, pitch: usize, first: bool, bias: usize): void {
  let c00 = f32x4.splat(0)
  let c01 = c00
  let c10 = c00
  let c11 = c00
  let c20 = c00
  let c21 = c00
  let c30 = c00
  let c31 = c00
  const to1 = to + pitch
  const to2 = to1 + pitch
  const to3 = to2 + pitch
  if (!first) {
    c00 = v128.load(to)
    c01 = v128.load(to, 16)
    c10 = v128.load(to1)
    c11 = v128.load(to1, 16)
    c20 = v128.load(to2)
    c21 = v128.load(to2, 16)
    c30 = v128.load(to3)
    c31 = v128.load(to3, 16)
  }
  const end = a + ((<usize>k) << 4)
  while (a < end) {
    const b0 = v128.load(b)
    const b1 = v128.load(b, 16)
    const a0 = v128.load32_splat(a)
    c00 = fma(a0, b0, c00)
    c01 = fma(a0, b1, c01)
    const a1 = v128.load32_splat(a, 4)
    c10 = fma(a1, b0, c10)
    c11 = fma(a1, b1, c11)
    const a2 = v128.load32_splat(a, 8)
    c20 = fma(a2, b0, c20)
    c21 = fma(a2, b1, c21)
    const a3 = v128.load32_splat(a, 12)
    c30 = fma(a3, b0, c30)
    c31 = fma(a3, b1, c31)
    a += 16
    b += 32
  }
  if (bias) {
    const bias0 = v128.load(bias)
    const bias1 = v128.load(bias, 16)
    c00 = f32x4.add(c00, bias0)
    c01 = f32x4.add(c01, bias1)
    c10 = f32x4.add(c10, bias0)
    c11 = f32x4.add(c11, bias1)
    c20 = f32x4.add(c20, bias0)
    c21 = f32x4.add(c21, bias1)
    c30 = f32x4.add(c30, bias0)
    c31 = f32x4.add(c31, bias1)
  }
  v128.store(to, c00)
  v128.store(to, c01, 16)
  v128.store(to1, c10)
  v128.store(to1, c11, 16)
  v128.store(to2, c20)
  v128.store(to2, c21, 16)
  v128.store(to3, c30)
  v128.store(to3, c31, 16)
}

/** Copies rows × columns floats between two places. */
function copy(from: usize, fromPitch: usize, to: usize, toPitch: usize, rows: i32, columns: i32): void {
  for (let r = 0; r < rows; r++) {
    memory.copy(to, from, (<usize>columns) << 2)
    from += fromPitch
    to += toPitch
  }
}

/** Rows of A in one block, and the depth of blocks of A and B: a block of A fills a quarter of a small second cache. */
const ROWS: i32 = 96
const DEPTH: i32 = 320

/**
 * C [m × n] = A·B, rows of C without gaps. The strides of A and B between rows (rs) and columns (cs) are in bytes. `bias` is
 * 0 or [n]. Scratch: 128 bytes, n rounded up to 8 floats, and for blocks ROWS · DEPTH + DEPTH · (n rounded up to 8) floats.
 */
export function matmul(
  m: i32,
  n: i32,
  k: i32,
  a: usize,
  ars: usize,
  acs: usize,
  b: usize,
  brs: usize,
  bcs: usize,
  c: usize,
  bias: usize,
  scratch: usize,
): void {
  const wide = (<usize>((n + 7) & ~7)) << 2
  const pitch = (<usize>n) << 2
  const edge = scratch
  const biasCopy = scratch + 128
  const aBlock = biasCopy + wide
  const bBlock = aBlock + ((<usize>(ROWS * DEPTH)) << 2)
  if (bias) memory.copy(biasCopy, bias, pitch)
  for (let p = 0; p < k; p += DEPTH) {
    const depth = min(DEPTH, k - p)
    const last = p + depth == k
    for (let j = 0; j < n; j += 4) {
      const to = bBlock + ((<usize>((j & ~7) * depth)) << 2) + ((<usize>(j & 4)) << 2)
      pack4(b + <usize>p * brs + <usize>j * bcs, bcs, brs, min(4, n - j), depth, to, 32)
    }
    for (let i = 0; i < m; i += ROWS) {
      const block = min(ROWS, m - i)
      for (let r = 0; r < block; r += 4) {
        const from = a + <usize>(i + r) * ars + <usize>p * acs
        pack4(from, ars, acs, min(4, block - r), depth, aBlock + ((<usize>(r * depth)) << 2), 16)
      }
      for (let j = 0; j < n; j += 8) {
        const columns = min(8, n - j)
        const bPanel = bBlock + ((<usize>(j * depth)) << 2)
        const bias8 = bias && last ? biasCopy + ((<usize>j) << 2) : 0
        for (let r = 0; r < block; r += 4) {
          const rows = min(4, block - r)
          const aPanel = aBlock + ((<usize>(r * depth)) << 2)
          const to = c + <usize>(i + r) * pitch + ((<usize>j) << 2)
          if (rows == 4 && columns == 8) {
            tile(aPanel, bPanel, depth, to, pitch, p == 0, bias8)
            continue
          }
          // a tile at the edge goes through scratch, so that nothing beyond C is touched
          copy(to, pitch, edge, 32, rows, columns)
          tile(aPanel, bPanel, depth, edge, 32, p == 0, bias8)
          copy(edge, 32, to, pitch, rows, columns)
        }
      }
    }
  }
}
