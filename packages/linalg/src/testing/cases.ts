import { setFlagsFromString } from 'node:v8'
import { hasRelaxedSimd } from '@tacojs/wasm'
import { createLinalg } from '../create.js'
import type { FloatArray, Linalg } from '../types.js'

// Hoisted: looking up a global is slow inside jest's sandbox.
const { abs, floor, fround, imul, sqrt } = Math

// Node 20 has relaxed SIMD behind a flag, which must be set before the first compilation.
setFlagsFromString('--experimental-wasm-relaxed-simd')

export interface Subject {
  readonly name: string
  readonly linalg: Linalg
  readonly eps: number
  array(values: ArrayLike<number>): FloatArray
}

/** Both builds in both precisions; without relaxed SIMD only the base build, which is said. */
export async function subjects(): Promise<Subject[]> {
  if (!hasRelaxedSimd()) console.info('no relaxed SIMD in this engine: the relaxed build is not tested')
  const builds = hasRelaxedSimd() ? (['base', 'relaxed'] as const) : (['base'] as const)
  const all = await Promise.all(
    builds.map(async (build): Promise<Subject[]> => {
      const linalg = await createLinalg({ build })
      return [
        { name: `${build} f32`, linalg, eps: 2 ** -23, array: (v) => Float32Array.from(v) },
        { name: `${build} f64`, linalg, eps: 2 ** -52, array: (v) => Float64Array.from(v) },
      ]
    }),
  )
  return all.flat()
}

/** Values in (−1, 1) that depend on the seed only and are exact in f32. */
export function random(length: number, seed: number): Float64Array {
  let state = (seed * 2654435761 + 12345) >>> 0
  return Float64Array.from({ length }, () => {
    state = (imul(state, 1664525) + 1013904223) >>> 0
    return fround((state >>> 8) / 2 ** 23 - 1)
  })
}

/** XᵀX/n + I/2 for n×n, exact in f32: well conditioned, symmetric. */
export function positive(n: number, seed: number): Float64Array {
  const x = random(n * n, seed)
  const a = new Float64Array(n * n)
  for (let p = 0; p < n; p++) {
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) a[i * n + j] += x[p * n + i] * x[p * n + j]
  }
  return a.map((v, at) => fround(v / n + (at % (n + 1) === 0 ? 0.5 : 0)))
}

/** A triangle of a positive matrix scaled to a diagonal near 1, the other triangle NaN: it must not be read. */
export function triangle(n: number, uplo: 'L' | 'U', seed: number): Float64Array {
  return random(n * n, seed).map((v, at) => {
    const [i, j] = [floor(at / n), at % n]
    if (i === j) return fround(1 + v / 4)
    return (uplo === 'L') === j < i ? fround(v / sqrt(n)) : NaN
  })
}

/** The largest |x_i|, NaN where one is NaN. */
export const largest = (x: ArrayLike<number>): number =>
  Array.from(x).reduce((most, v) => (abs(v) > most || Number.isNaN(v) ? abs(v) : most), 0)

/** Row-major product in f64 with plain loops. */
export function times(a: ArrayLike<number>, b: ArrayLike<number>, m: number, k: number, n: number): Float64Array {
  const c = new Float64Array(m * n)
  for (let i = 0; i < m; i++) {
    for (let p = 0; p < k; p++) for (let j = 0; j < n; j++) c[i * n + j] += a[i * k + p] * b[p * n + j]
  }
  return c
}

export const transposed = (a: ArrayLike<number>, n: number): Float64Array =>
  Float64Array.from({ length: n * n }, (_, at) => a[(at % n) * n + floor(at / n)])
