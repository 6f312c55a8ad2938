// What this machine can do at most: multiply-adds in registers, twelve chains of them.
import { madd } from '../assembly/tile'

function chains<T>(count: i32, out: usize): void {
  let c0 = v128.load(out)
  let c1 = v128.load(out, 16)
  let c2 = v128.load(out, 32)
  let c3 = v128.load(out, 48)
  let c4 = v128.load(out, 64)
  let c5 = v128.load(out, 80)
  let c6 = v128.load(out, 96)
  let c7 = v128.load(out, 112)
  let c8 = v128.load(out, 128)
  let c9 = v128.load(out, 144)
  let a = v128.load(out, 160)
  const b = v128.load(out, 176)
  for (; count > 0; count--) {
    // a changes, so that the build without multiply-add cannot keep a·b
    a = v128.xor(a, b)
    c0 = madd<T>(a, b, c0)
    c1 = madd<T>(a, b, c1)
    c2 = madd<T>(a, b, c2)
    c3 = madd<T>(a, b, c3)
    c4 = madd<T>(a, b, c4)
    c5 = madd<T>(a, b, c5)
    c6 = madd<T>(a, b, c6)
    c7 = madd<T>(a, b, c7)
    c8 = madd<T>(a, b, c8)
    c9 = madd<T>(a, b, c9)
  }
  v128.store(out, c0)
  v128.store(out, c1, 16)
  v128.store(out, c2, 32)
  v128.store(out, c3, 48)
  v128.store(out, c4, 64)
  v128.store(out, c5, 80)
  v128.store(out, c6, 96)
  v128.store(out, c7, 112)
  v128.store(out, c8, 128)
  v128.store(out, c9, 144)
}

/** 10 · count multiply-adds of vectors. */
export function peak32(count: i32, out: usize): void {
  chains<f32>(count, out)
}
export function peak64(count: i32, out: usize): void {
  chains<f64>(count, out)
}
