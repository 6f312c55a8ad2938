import type { LayerProblem } from '../problem.js'
import type { Golden } from './golden.js'

/** Seeded numbers in [0, 1): mulberry32. */
export function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** Plain f64 statistics of inputs x [positions, cols] and outputs y [positions, rows]. */
export function exactProblem(
  weights: Float64Array,
  x: Float64Array,
  y: Float64Array,
  cols: number,
  hasBias: boolean,
): LayerProblem {
  const positions = x.length / cols
  const rows = weights.length / cols
  const means = (values: Float64Array, width: number) =>
    Float64Array.from({ length: width }, (_, j) => {
      let sum = 0
      for (let p = 0; p < positions; p++) sum += values[p * width + j]
      return sum / positions
    })
  const centred = (values: Float64Array, mean: Float64Array) =>
    hasBias ? values.map((v, i) => v - mean[i % mean.length]) : values
  const xMean = means(x, cols)
  const yMean = means(y, rows)
  const xc = centred(x, xMean)
  const yc = centred(y, yMean)
  const products = (a: Float64Array, widthA: number, b: Float64Array, widthB: number) => {
    const sum = new Float64Array(widthA * widthB)
    for (let p = 0; p < positions; p++) {
      for (let i = 0; i < widthA; i++) {
        for (let j = 0; j < widthB; j++) sum[i * widthB + j] += a[p * widthA + i] * b[p * widthB + j]
      }
    }
    return sum
  }
  return {
    rows,
    cols,
    weights,
    h: products(xc, cols, xc, cols),
    b: products(yc, rows, xc, cols),
    yy: yc.reduce((sum, v) => sum + v * v, 0),
    xMean,
    yMean,
    count: positions,
    positions,
    hasBias,
  }
}

/** A [rows, inner] times B [inner, cols]. */
export function multiply(a: Float64Array, b: Float64Array, inner: number): Float64Array {
  const rows = a.length / inner
  const cols = b.length / inner
  const c = new Float64Array(rows * cols)
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < inner; k++) for (let j = 0; j < cols; j++) c[i * cols + j] += a[i * inner + k] * b[k * cols + j]
  }
  return c
}

export function transpose(a: Float64Array, cols: number): Float64Array {
  const rows = a.length / cols
  return Float64Array.from(a, (_, i) => a[(i % rows) * cols + Math.floor(i / rows)])
}

/** A golden problem whose outputs are W times the inputs of the `dense` tensor (X unless said). */
export function goldenProblem(data: Golden, inputs = 'X', dense = inputs): LayerProblem {
  const { rows, cols, samples } = data.json
  const weights = data.tensor('W')
  const y = multiply(weights, data.tensor(dense), cols)
  const problem = exactProblem(
    weights,
    transpose(data.tensor(inputs), samples),
    transpose(y, samples),
    cols,
    data.has('b'),
  )
  if (problem.rows !== rows) throw new Error(`${data.name}: ${rows} rows expected`)
  return problem
}

/**
 * Correlated, rectified inputs and a layer's outputs on them. `dead` inputs are constant; `drift` is how much the
 * outputs come from other inputs than those given (a dense stream beside a sparse one).
 */
export function randomProblem(
  rows: number,
  cols: number,
  positions: number,
  options: { seed?: number; dead?: readonly number[]; drift?: number; bias?: boolean } = {},
): LayerProblem {
  const { seed = 1, dead = [], drift = 0.1, bias = true } = options
  const next = random(seed)
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
  const normals = (length: number) => Float64Array.from({ length }, normal)
  const x = multiply(normals(positions * cols), normals(cols * cols), cols).map((v, i) =>
    dead.includes(i % cols) ? 0.5 : Math.max(0, v + 0.5),
  )
  const weights = normals(rows * cols)
  const xDense = x.map((v) => v + drift * normal())
  const y = multiply(xDense, transpose(weights, cols), cols)
  return exactProblem(weights, x, y, cols, bias)
}

/**
 * Y = WX with inputs that are nearly collinear: 'shared', all the same but for a thousandth, which the rows of W take
 * out; 'decaying', mixed of independent ones whose sizes fall to a ten-thousandth.
 */
export function collinearProblem(
  rows: number,
  cols: number,
  positions: number,
  kind: 'shared' | 'decaying',
): LayerProblem {
  const next = random(7)
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
  const normals = (length: number) => Float64Array.from({ length }, normal)
  const independent = normals(positions * cols)
  const weights = normals(rows * cols)
  let x: Float64Array
  if (kind === 'shared') {
    const common = normals(positions)
    x = independent.map((v, i) => common[Math.floor(i / cols)] + 1e-3 * v)
    for (let row = 0; row < rows; row++) {
      const own = weights.subarray(row * cols, (row + 1) * cols)
      const mean = own.reduce((sum, w) => sum + w, 0) / cols
      own.forEach((w, j) => (own[j] = w - mean))
    }
  } else {
    const scaled = independent.map((v, i) => v * 10 ** ((-4 * (i % cols)) / cols))
    x = multiply(scaled, normals(cols * cols), cols)
  }
  return exactProblem(weights, x, multiply(x, transpose(weights, cols), cols), cols, false)
}

/** tr((V − W*)(H + λI)(V − W*)ᵀ) by plain loops. */
export function plainLoss(problem: LayerProblem, lambda: number, target: Float64Array, weights: Float64Array): number {
  const { cols, h } = problem
  const damped = h.map((v, i) => (Math.floor(i / cols) === i % cols ? v + lambda : v))
  const difference = weights.map((w, i) => w - target[i])
  return multiply(difference, damped, cols).reduce((sum, v, i) => sum + v * difference[i], 0)
}

export function worst(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let most = 0
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i] - b[i]))
  return most
}
