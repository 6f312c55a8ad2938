// Vectors of 128 bits, of f32 or f64, and arrays of i32.

/** Elements of a vector. */
export function lanes<T>(): i32 {
  return 16 / <i32>sizeof<T>()
}

/** a·b + c */
export function madd<T>(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_madd<T>(a, b, c)
  return v128.add<T>(c, v128.mul<T>(a, b))
}

/** Bytes of `count` elements, rounded up to whole cache lines. */
export function padded<T>(count: i32): usize {
  return (<usize>count * sizeof<T>() + 63) & ~63
}

/** Bytes from row to row: an odd number of cache lines, or columns would fall on few sets of the cache. */
export function stride<T>(count: i32): usize {
  return padded<T>(count) | 64
}

export function fill<T>(from: usize, end: usize, value: T): void {
  for (; from < end; from += sizeof<T>()) store<T>(from, value)
}

/** Element i of an array of i32. */
export function int(array: usize, i: i32): i32 {
  return load<i32>(array + ((<usize>i) << 2))
}
export function setInt(array: usize, i: i32, value: i32): void {
  store<i32>(array + ((<usize>i) << 2), value)
}
