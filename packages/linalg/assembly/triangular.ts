// Unblocked kernels on small matrices with any strides (in elements, negative ones included).

/** Cholesky, lower, in place: A = L·Lᵀ. Returns the first column whose pivot is not positive and finite, or -1. */
export function cholesky<T>(n: i32, a: usize, rs: isize, cs: isize): i32 {
  const size = <isize>sizeof<T>()
  const row = rs * size
  const col = cs * size
  for (let j = 0; j < n; j++) {
    const aj = <isize>a + <isize>j * row
    let pivot = load<T>(<usize>(aj + <isize>j * col))
    for (let p = 0; p < j; p++) {
      const v = load<T>(<usize>(aj + <isize>p * col))
      pivot -= v * v
    }
    if (!(pivot > <T>0 && pivot < <T>Infinity)) return j
    const root = <T>Math.sqrt(<f64>pivot)
    store<T>(<usize>(aj + <isize>j * col), root)
    for (let i = j + 1; i < n; i++) {
      const ai = <isize>a + <isize>i * row
      let sum = load<T>(<usize>(ai + <isize>j * col))
      for (let p = 0; p < j; p++) sum -= load<T>(<usize>(ai + <isize>p * col)) * load<T>(<usize>(aj + <isize>p * col))
      store<T>(<usize>(ai + <isize>j * col), sum / root)
    }
  }
  return -1
}

function subtract<T>(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_nmadd<T>(a, b, c)
  return v128.sub<T>(c, v128.mul<T>(a, b))
}

/**
 * X ← L⁻¹·X, L [m × m] lower (unit diagonal if asked), X [m × n] in place. Strips of four vectors of columns go through
 * `scratch` (m × 64 bytes), so that any strides of X cost one copy and the sums stay in registers.
 */
export function solveLower<T>(
  m: i32,
  n: i32,
  l: usize,
  lrs: isize,
  lcs: isize,
  unit: i32,
  x: usize,
  xrs: isize,
  xcs: isize,
  scratch: usize,
): void {
  const size = <isize>sizeof<T>()
  const strip = 64 / <i32>size
  const row = lrs * size
  const col = <usize>(lcs * size)
  for (let j = 0; j < n; j += strip) {
    const cols = min(strip, n - j)
    copyStrip<T>(m, cols, <isize>x + <isize>j * xcs * size, xrs * size, xcs * size, scratch, false)
    for (let i = 0; i < m; i++) {
      let at = <usize>(<isize>l + <isize>i * row)
      const to = scratch + ((<usize>i) << 6)
      let s0 = v128.load(to),
        s1 = v128.load(to, 16),
        s2 = v128.load(to, 32),
        s3 = v128.load(to, 48)
      for (let from = scratch; from < to; from += 64) {
        const factor = v128.splat<T>(load<T>(at))
        s0 = subtract<T>(factor, v128.load(from), s0)
        s1 = subtract<T>(factor, v128.load(from, 16), s1)
        s2 = subtract<T>(factor, v128.load(from, 32), s2)
        s3 = subtract<T>(factor, v128.load(from, 48), s3)
        at += col
      }
      if (!unit) {
        const divisor = v128.splat<T>(load<T>(at))
        s0 = v128.div<T>(s0, divisor)
        s1 = v128.div<T>(s1, divisor)
        s2 = v128.div<T>(s2, divisor)
        s3 = v128.div<T>(s3, divisor)
      }
      v128.store(to, s0)
      v128.store(to, s1, 16)
      v128.store(to, s2, 32)
      v128.store(to, s3, 48)
    }
    copyStrip<T>(m, cols, <isize>x + <isize>j * xcs * size, xrs * size, xcs * size, scratch, true)
  }
}

/** Between a strip of X (byte strides row and col) and its dense copy, 64 bytes a row; zeros beyond the columns. */
function copyStrip<T>(m: i32, cols: i32, x: isize, row: isize, col: isize, scratch: usize, back: bool): void {
  const size = <isize>sizeof<T>()
  const full = 64 / <i32>size
  if (cols == full && col == size) {
    for (let i = 0; i < m; i++) {
      const outside = <usize>(x + <isize>i * row)
      const inside = scratch + ((<usize>i) << 6)
      const from = back ? inside : outside
      const to = back ? outside : inside
      v128.store(to, v128.load(from))
      v128.store(to, v128.load(from, 16), 16)
      v128.store(to, v128.load(from, 32), 32)
      v128.store(to, v128.load(from, 48), 48)
    }
    return
  }
  for (let c = 0; c < full; c++) {
    let outside = x + <isize>c * col
    let inside = scratch + <usize>(<isize>c * size)
    const end = inside + ((<usize>m) << 6)
    if (c >= cols) {
      if (!back) for (; inside < end; inside += 64) store<T>(inside, 0)
    } else if (back) {
      for (; inside < end; inside += 64, outside += row) store<T>(<usize>outside, load<T>(inside))
    } else {
      for (; inside < end; inside += 64, outside += row) store<T>(inside, load<T>(<usize>outside))
    }
  }
}

/** L ← L⁻¹ in place, lower triangular; what is above the diagonal is left alone. */
export function invertLower<T>(n: i32, l: usize, rs: isize, cs: isize): void {
  const size = <isize>sizeof<T>()
  const row = rs * size
  const col = cs * size
  for (let j = 0; j < n; j++) {
    const diagonal = <usize>(<isize>l + <isize>j * (row + col))
    store<T>(diagonal, <T>1 / load<T>(diagonal))
  }
  for (let j = 0; j < n; j++) {
    const first = load<T>(<usize>(<isize>l + <isize>j * (row + col)))
    for (let i = j + 1; i < n; i++) {
      const li = <isize>l + <isize>i * row
      let sum = load<T>(<usize>(li + <isize>j * col)) * first
      for (let p = j + 1; p < i; p++) {
        sum += load<T>(<usize>(li + <isize>p * col)) * load<T>(<usize>(<isize>l + <isize>p * row + <isize>j * col))
      }
      store<T>(<usize>(li + <isize>j * col), -sum * load<T>(<usize>(li + <isize>i * col)))
    }
  }
}
