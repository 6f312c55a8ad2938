import { At } from '../src/addresses'

// Vector arithmetic that the kernels share. No globals: constants are written where they are used.

/** a · b + c, fused where the build has relaxed SIMD. */
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c)
  return f32x4.add(f32x4.mul(a, b), c)
}

export function splat(x: f32): v128 {
  return f32x4.splat(x)
}

/**
 * 2^t for t ≤ 127; below −126 it is 2^−126. t is split into its nearest integer n, by adding 1.5 · 2^23 so that n stands
 * in the low bits, and a rest in [−½, ½] for a polynomial of degree 5 (relative error 8e-8). NaN stays NaN.
 */
export function exp2(t: v128): v128 {
  t = f32x4.pmax(t, v128.load32_splat(At.Exp2, 4))
  const shift = v128.load32_splat(At.Exp2, 8)
  const n = f32x4.add(t, shift)
  const f = f32x4.sub(t, f32x4.sub(n, shift))
  let p = madd(v128.load32_splat(At.Exp2, 12), f, v128.load32_splat(At.Exp2, 16))
  p = madd(p, f, v128.load32_splat(At.Exp2, 20))
  p = madd(p, f, v128.load32_splat(At.Exp2, 24))
  p = madd(p, f, v128.load32_splat(At.Exp2, 28))
  p = madd(p, f, v128.load32_splat(At.Exp2, 32))
  return i32x4.add(p, i32x4.shl(n, 23))
}

/** e^x, saturating at 2^126 and 2^−126; e^−∞ is 0 and e^∞ is ∞. */
export function exp(x: v128): v128 {
  let y = exp2(f32x4.pmin(f32x4.mul(x, splat(1.4426950408889634)), splat(126)))
  y = v128.bitselect(splat(Infinity), y, f32x4.gt(x, splat(88)))
  return v128.andnot(y, f32x4.lt(x, splat(-87.3)))
}

/** erf(x) as x · p(x²) on |x| ≤ 3.7, beyond which it is ±1; absolute error below 5e-7. NaN stays NaN. */
export function erf(x: v128): v128 {
  x = f32x4.pmin(f32x4.pmax(x, v128.load32_splat(At.Erf, 12)), v128.load32_splat(At.Erf, 8))
  const u = madd(f32x4.mul(x, v128.load32_splat(At.Erf, 16)), x, v128.load32_splat(At.Erf, 20))
  let p = madd(v128.load32_splat(At.Erf, 24), u, v128.load32_splat(At.Erf, 28))
  p = madd(p, u, v128.load32_splat(At.Erf, 32))
  p = madd(p, u, v128.load32_splat(At.Erf, 36))
  p = madd(p, u, v128.load32_splat(At.Erf, 40))
  p = madd(p, u, v128.load32_splat(At.Erf, 44))
  p = madd(p, u, v128.load32_splat(At.Erf, 48))
  p = madd(p, u, v128.load32_splat(At.Erf, 52))
  p = madd(p, u, v128.load32_splat(At.Erf, 56))
  p = madd(p, u, v128.load32_splat(At.Erf, 60))
  p = madd(p, u, v128.load32_splat(At.Erf, 64))
  p = madd(p, u, v128.load32_splat(At.Erf, 68))
  p = madd(p, u, v128.load32_splat(At.Erf, 72))
  p = madd(p, u, v128.load32_splat(At.Erf, 76))
  return f32x4.mul(p, x)
}

/**
 * ln(x): the exponent times ln 2, and a polynomial on the mantissa in [√½, √2) (the form of Moshier's Cephes, relative
 * error some 1e-7). 0 gives −∞, negative numbers and NaN give NaN, ∞ gives ∞.
 */
export function log(x: v128): v128 {
  // subnormal numbers are taken as the smallest normal one
  const y = f32x4.pmax(x, splat(1.1754943508222875e-38))
  const bits = i32x4.sub(y, i32x4.splat(0x3f3504f3))
  const e = f32x4.convert_i32x4_s(i32x4.shr_s(bits, 23))
  const m = i32x4.add(v128.and(bits, i32x4.splat(0x007fffff)), i32x4.splat(0x3f3504f3))
  const t = f32x4.sub(m, splat(1))
  const z = f32x4.mul(t, t)
  let p = madd(splat(0.06675271689891815), t, splat(-0.11646434664726257))
  p = madd(p, t, splat(0.1190471202135086))
  p = madd(p, t, splat(-0.12411268800497055))
  p = madd(p, t, splat(0.14217890799045563))
  p = madd(p, t, splat(-0.16667643189430237))
  p = madd(p, t, splat(0.20002204179763794))
  p = madd(p, t, splat(-0.25000014901161194))
  p = madd(p, t, splat(0.3333331048488617))
  let r = madd(f32x4.mul(p, z), t, f32x4.mul(z, splat(-0.5)))
  r = madd(e, splat(-2.1219444e-4), r)
  r = madd(e, splat(0.693359375), f32x4.add(t, r))
  r = v128.bitselect(splat(-Infinity), r, f32x4.eq(x, splat(0)))
  r = v128.bitselect(x, r, f32x4.eq(x, splat(Infinity)))
  return v128.bitselect(r, splat(NaN), f32x4.ge(x, splat(0)))
}
