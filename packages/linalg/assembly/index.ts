import { posv } from './posv'
import { multiply, packA, packB } from './gemm'
import { cholesky, invertLower, solveLower } from './triangular'

export function packA32(src: usize, rs: isize, cs: isize, m: i32, k: i32, dst: usize): void {
  packA<f32>(src, rs, cs, m, k, dst)
}
export function packA64(src: usize, rs: isize, cs: isize, m: i32, k: i32, dst: usize): void {
  packA<f64>(src, rs, cs, m, k, dst)
}
export function packB32(src: usize, rs: isize, cs: isize, k: i32, n: i32, dst: usize): void {
  packB<f32>(src, rs, cs, k, n, dst)
}
export function packB64(src: usize, rs: isize, cs: isize, k: i32, n: i32, dst: usize): void {
  packB<f64>(src, rs, cs, k, n, dst)
}
export function multiply32(
  m: i32,
  n: i32,
  k: i32,
  alpha: f32,
  a: usize,
  b: usize,
  c: usize,
  ldc: i32,
  scratch: usize,
): void {
  multiply<f32>(m, n, k, alpha, a, b, c, ldc, scratch)
}
export function multiply64(
  m: i32,
  n: i32,
  k: i32,
  alpha: f64,
  a: usize,
  b: usize,
  c: usize,
  ldc: i32,
  scratch: usize,
): void {
  multiply<f64>(m, n, k, alpha, a, b, c, ldc, scratch)
}
export function cholesky32(n: i32, a: usize, rs: isize, cs: isize): i32 {
  return cholesky<f32>(n, a, rs, cs)
}
export function cholesky64(n: i32, a: usize, rs: isize, cs: isize): i32 {
  return cholesky<f64>(n, a, rs, cs)
}
export function solveLower32(
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
  solveLower<f32>(m, n, l, lrs, lcs, unit, x, xrs, xcs, scratch)
}
export function solveLower64(
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
  solveLower<f64>(m, n, l, lrs, lcs, unit, x, xrs, xcs, scratch)
}
export function invertLower32(n: i32, l: usize, rs: isize, cs: isize): void {
  invertLower<f32>(n, l, rs, cs)
}
export function invertLower64(n: i32, l: usize, rs: isize, cs: isize): void {
  invertLower<f64>(n, l, rs, cs)
}
export function posv32(n: i32, count: i32, a: usize, b: usize): i32 {
  return posv<f32>(n, count, a, b)
}
export function posv64(n: i32, count: i32, a: usize, b: usize): i32 {
  return posv<f64>(n, count, a, b)
}
