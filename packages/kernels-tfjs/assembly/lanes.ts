// What all kernels share: multiply-add, and the change between rows of memory and lanes of vectors.

export function fma(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c)
  return f32x4.add(c, f32x4.mul(a, b))
}

/** Interleaves n floats from each of four rows: dst gets one vector per float, `step` bytes apart. */
export function pack(r0: usize, r1: usize, r2: usize, r3: usize, n: i32, dst: usize, step: usize): void {
  const end = r0 + ((<usize>n) << 2)
  while (r0 + 16 <= end) {
    const v0 = v128.load(r0)
    const v1 = v128.load(r1)
    const v2 = v128.load(r2)
    const v3 = v128.load(r3)
    const low01 = v128.shuffle<f32>(v0, v1, 0, 4, 1, 5)
    const high01 = v128.shuffle<f32>(v0, v1, 2, 6, 3, 7)
    const low23 = v128.shuffle<f32>(v2, v3, 0, 4, 1, 5)
    const high23 = v128.shuffle<f32>(v2, v3, 2, 6, 3, 7)
    v128.store(dst, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5))
    v128.store(dst + step, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7))
    v128.store(dst + 2 * step, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5))
    v128.store(dst + 3 * step, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7))
    dst += 4 * step
    r0 += 16
    r1 += 16
    r2 += 16
    r3 += 16
  }
  while (r0 < end) {
    store<f32>(dst, load<f32>(r0))
    store<f32>(dst, load<f32>(r1), 4)
    store<f32>(dst, load<f32>(r2), 8)
    store<f32>(dst, load<f32>(r3), 12)
    dst += step
    r0 += 4
    r1 += 4
    r2 += 4
    r3 += 4
  }
}
