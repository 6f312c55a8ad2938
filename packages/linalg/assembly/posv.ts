// Positive definite systems of few unknowns, on a row-major matrix: nothing is packed, all sums are dot products of rows.
import { madd } from './tile'

function sum<T>(v: v128): T {
  if (sizeof<T>() == 8) return <T>(v128.extract_lane<f64>(v, 0) + v128.extract_lane<f64>(v, 1))
  return <T>(
    (v128.extract_lane<f32>(v, 0) +
      v128.extract_lane<f32>(v, 1) +
      (v128.extract_lane<f32>(v, 2) + v128.extract_lane<f32>(v, 3)))
  )
}

/** Dot product of n values. */
function dot<T>(a: usize, b: usize, n: i32): T {
  const size = sizeof<T>()
  const lanes = 16 / <i32>size
  const whole = n - (n % lanes)
  let s = v128.splat<T>(0)
  const end = a + <usize>whole * size
  while (a < end) {
    s = madd<T>(v128.load(a), v128.load(b), s)
    a += 16
    b += 16
  }
  let total = sum<T>(s)
  for (let i = whole; i < n; i++) {
    total += load<T>(a) * load<T>(b)
    a += size
    b += size
  }
  return total
}

/**
 * A = L·Lᵀ in place, the lower triangle, rows `row` bytes apart. Returns the first column whose pivot is not positive and
 * finite, or -1. Row by row (Cholesky and Banachiewicz), four columns at a time.
 */
export function factorRows<T>(n: i32, a: usize, row: usize): i32 {
  const size = sizeof<T>()
  for (let i = 0; i < n; i++) {
    const ri = a + <usize>i * row
    let j = 0
    for (; j + 4 <= i; j += 4) {
      const r0 = a + <usize>j * row
      const r1 = r0 + row
      const r2 = r1 + row
      const r3 = r2 + row
      let s0 = v128.splat<T>(0),
        s1 = v128.splat<T>(0),
        s2 = v128.splat<T>(0),
        s3 = v128.splat<T>(0)
      // j is a multiple of four, so of the lanes
      const end = <usize>j * size
      for (let p: usize = 0; p < end; p += 16) {
        const v = v128.load(ri + p)
        s0 = madd<T>(v, v128.load(r0 + p), s0)
        s1 = madd<T>(v, v128.load(r1 + p), s1)
        s2 = madd<T>(v, v128.load(r2 + p), s2)
        s3 = madd<T>(v, v128.load(r3 + p), s3)
      }
      const at = ri + end
      const x0 = (load<T>(at) - sum<T>(s0)) / load<T>(r0 + end)
      const x1 = (load<T>(at + size) - sum<T>(s1) - x0 * load<T>(r1 + end)) / load<T>(r1 + end + size)
      const x2 =
        (load<T>(at + 2 * size) - sum<T>(s2) - x0 * load<T>(r2 + end) - x1 * load<T>(r2 + end + size)) /
        load<T>(r2 + end + 2 * size)
      const x3 =
        (load<T>(at + 3 * size) -
          sum<T>(s3) -
          x0 * load<T>(r3 + end) -
          x1 * load<T>(r3 + end + size) -
          x2 * load<T>(r3 + end + 2 * size)) /
        load<T>(r3 + end + 3 * size)
      store<T>(at, x0)
      store<T>(at + size, x1)
      store<T>(at + 2 * size, x2)
      store<T>(at + 3 * size, x3)
    }
    for (; j < i; j++) {
      const rj = a + <usize>j * row
      const at = ri + <usize>j * size
      store<T>(at, (load<T>(at) - dot<T>(ri, rj, j)) / load<T>(rj + <usize>j * size))
    }
    const diagonal = ri + <usize>i * size
    const pivot = load<T>(diagonal) - dot<T>(ri, ri, i)
    if (!(pivot > <T>0 && pivot < <T>Infinity)) return i
    store<T>(diagonal, <T>Math.sqrt(<f64>pivot))
  }
  return -1
}

/** Each row b of B [count × n] ← (L·Lᵀ)⁻¹·b, L lower; rows `row` and `bRow` bytes apart. */
export function potrs<T>(n: i32, count: i32, l: usize, row: usize, b: usize, bRow: usize): void {
  const size = sizeof<T>()
  const lanes = 16 / <i32>size
  for (let q = 0; q < count; q++) {
    const x = b + <usize>q * bRow
    for (let i = 0; i < n; i++) {
      const ri = l + <usize>i * row
      const at = x + <usize>i * size
      store<T>(at, (load<T>(at) - dot<T>(ri, x, i)) / load<T>(ri + <usize>i * size))
    }
    for (let i = n - 1; i >= 0; i--) {
      const ri = l + <usize>i * row
      const at = x + <usize>i * size
      const value = load<T>(at) / load<T>(ri + <usize>i * size)
      store<T>(at, value)
      const factor = v128.splat<T>(-value)
      const whole = i - (i % lanes)
      const end = <usize>whole * size
      for (let p: usize = 0; p < end; p += 16) {
        v128.store(x + p, madd<T>(factor, v128.load(ri + p), v128.load(x + p)))
      }
      for (let p = whole; p < i; p++) {
        const to = x + <usize>p * size
        store<T>(to, load<T>(to) - value * load<T>(ri + <usize>p * size))
      }
    }
  }
}
