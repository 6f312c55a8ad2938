// GEMM on packed panels (Goto & van de Geijn 2008). T is f32 or f64; a vector holds 16 / sizeof<T> lanes.
// A tile is 4 rows × 2 vectors: 8 accumulators, 4 splats and 2 loads stay within the 15 registers that V8 has.

/** Copies k elements, `stride` apart, to every `step` bytes of dst; zeros when they are beyond the matrix. */
function line<T>(from: usize, stride: isize, k: i32, dst: usize, step: usize, inside: bool): void {
  const end = dst + <usize>k * step
  if (!inside) {
    for (let to = dst; to < end; to += step) store<T>(to, 0)
    return
  }
  const advance = <usize>(stride * <isize>sizeof<T>())
  for (let to = dst; to < end; to += step) {
    store<T>(to, load<T>(from))
    from += advance
  }
}

/** Packs op(A) [m × k], strides rs and cs in elements, into panels of 4 rows: for each k four values. Rows beyond m are zero. */
export function packA<T>(src: usize, rs: isize, cs: isize, m: i32, k: i32, dst: usize): void {
  const size = sizeof<T>()
  let out = dst
  for (let i = 0; i < m; i += 4) {
    const rows = min(4, m - i)
    const base = src + <usize>(<isize>i * rs * <isize>size)
    if (rows == 4 && rs == 1) {
      let from = base
      const step = <usize>(cs * <isize>size)
      for (let p = 0; p < k; p++) {
        v128.store(out, v128.load(from))
        if (size == 8) v128.store(out, v128.load(from, 16), 16)
        out += 4 * size
        from += step
      }
      continue
    }
    for (let r = 0; r < 4; r++) {
      line<T>(base + <usize>(<isize>r * rs * <isize>size), cs, k, out + <usize>r * size, 4 * size, r < rows)
    }
    out += <usize>k * 4 * size
  }
}

/** Packs op(B) [k × n], strides rs and cs in elements, into panels of two vectors of columns. Columns beyond n are zero. */
export function packB<T>(src: usize, rs: isize, cs: isize, k: i32, n: i32, dst: usize): void {
  const size = sizeof<T>()
  const width = 32 / <i32>size
  let out = dst
  for (let j = 0; j < n; j += width) {
    const cols = min(width, n - j)
    const base = src + <usize>(<isize>j * cs * <isize>size)
    if (cols == width && cs == 1) {
      let from = base
      const step = <usize>(rs * <isize>size)
      for (let p = 0; p < k; p++) {
        v128.store(out, v128.load(from))
        v128.store(out, v128.load(from, 16), 16)
        out += 32
        from += step
      }
      continue
    }
    for (let c = 0; c < width; c++) {
      line<T>(base + <usize>(<isize>c * cs * <isize>size), rs, k, out + <usize>c * size, 32, c < cols)
    }
    out += <usize>k * 32
  }
}

function fma<T>(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_madd<T>(a, b, c)
  return v128.add<T>(c, v128.mul<T>(a, b))
}

/**
 * C [m × n] += alpha · A · B from packed panels; C is row-major with ldc elements per row. `scratch` holds one tile.
 */
export function multiply<T>(
  m: i32,
  n: i32,
  k: i32,
  alpha: T,
  a: usize,
  b: usize,
  c: usize,
  ldc: i32,
  scratch: usize,
): void {
  const size = sizeof<T>()
  const width = 32 / <i32>size
  const row = <usize>ldc * size
  const factor = v128.splat<T>(alpha)
  for (let j = 0; j < n; j += width) {
    const bPanel = b + <usize>j * <usize>k * size
    for (let i = 0; i < m; i += 4) {
      const aPanel = a + <usize>i * <usize>k * size
      let c00 = v128.splat<T>(0),
        c01 = v128.splat<T>(0)
      let c10 = v128.splat<T>(0),
        c11 = v128.splat<T>(0)
      let c20 = v128.splat<T>(0),
        c21 = v128.splat<T>(0)
      let c30 = v128.splat<T>(0),
        c31 = v128.splat<T>(0)
      let pa = aPanel
      let pb = bPanel
      const end = aPanel + <usize>(4 * k) * size
      while (pa < end) {
        const b0 = v128.load(pb)
        const b1 = v128.load(pb, 16)
        const a0 = v128.load_splat<T>(pa)
        c00 = fma<T>(a0, b0, c00)
        c01 = fma<T>(a0, b1, c01)
        const a1 = v128.load_splat<T>(pa + size)
        c10 = fma<T>(a1, b0, c10)
        c11 = fma<T>(a1, b1, c11)
        const a2 = v128.load_splat<T>(pa + 2 * size)
        c20 = fma<T>(a2, b0, c20)
        c21 = fma<T>(a2, b1, c21)
        const a3 = v128.load_splat<T>(pa + 3 * size)
        c30 = fma<T>(a3, b0, c30)
        c31 = fma<T>(a3, b1, c31)
        pa += 4 * size
        pb += 32
      }
      let to = c + <usize>i * row + <usize>j * size
      if (i + 4 <= m && j + width <= n) {
        v128.store(to, v128.add<T>(v128.load(to), v128.mul<T>(factor, c00)))
        v128.store(to, v128.add<T>(v128.load(to, 16), v128.mul<T>(factor, c01)), 16)
        to += row
        v128.store(to, v128.add<T>(v128.load(to), v128.mul<T>(factor, c10)))
        v128.store(to, v128.add<T>(v128.load(to, 16), v128.mul<T>(factor, c11)), 16)
        to += row
        v128.store(to, v128.add<T>(v128.load(to), v128.mul<T>(factor, c20)))
        v128.store(to, v128.add<T>(v128.load(to, 16), v128.mul<T>(factor, c21)), 16)
        to += row
        v128.store(to, v128.add<T>(v128.load(to), v128.mul<T>(factor, c30)))
        v128.store(to, v128.add<T>(v128.load(to, 16), v128.mul<T>(factor, c31)), 16)
        continue
      }
      // a tile at the edge goes through scratch, so that nothing beyond C is touched
      v128.store(scratch, c00)
      v128.store(scratch, c01, 16)
      v128.store(scratch, c10, 32)
      v128.store(scratch, c11, 48)
      v128.store(scratch, c20, 64)
      v128.store(scratch, c21, 80)
      v128.store(scratch, c30, 96)
      v128.store(scratch, c31, 112)
      const rows = min(4, m - i)
      const cols = min(width, n - j)
      for (let r = 0; r < rows; r++) {
        for (let q = 0; q < cols; q++) {
          const at = to + <usize>r * row + <usize>q * size
          store<T>(at, load<T>(at) + alpha * load<T>(scratch + <usize>(r * 32) + <usize>q * size))
        }
      }
    }
  }
}
