import { TacoError } from '@tacojs/errors'
import type { Linalg } from '@tacojs/linalg'
import { dot } from './loss.js'
import { checkProblem, type LayerProblem } from './problem.js'

/** Positions per f32 product; the sums of these are f64, so that the error does not grow with the positions. */
const chunk = 2048

export interface Statistics {
  /**
   * Adds n positions: inputs x [n, cols] and the outputs y [n, rows] that they should give; `positionWeights` [n] (not
   * negative) scale what a position counts for, 1 unless given.
   */
  add(x: Float32Array, y: Float32Array, n: number, positionWeights?: Float32Array): void
  /** The problem of all that was added. Throws NUMERICAL where a sum is not finite or nothing was added. */
  finish(): LayerProblem
}

export interface StatisticsOptions {
  readonly rows: number
  readonly cols: number
  /** Dense weights [rows, cols]. */
  readonly weights: Float32Array | Float64Array
  /** Whether the layer has a bias, which may change: then all sums are about the means. */
  readonly bias: boolean
}

/**
 * Streaming statistics of one layer; X and Y are not kept. Products are f32 for some thousand positions, sums f64.
 * With a bias the first batch's means are subtracted before the products, so that nothing is lost to large means:
 * with s that shift, Σ(x−m)(x−m)ᵀ = Σ(x−s)(x−s)ᵀ − n(m−s)(m−s)ᵀ.
 */
export function createStatistics(linalg: Linalg, options: StatisticsOptions): Statistics {
  const { rows, cols, weights, bias } = options
  const h = new Float64Array(cols * cols)
  const b = new Float64Array(rows * cols)
  // Of one chunk, which positions of several batches may share.
  const gram = new Float32Array(cols * cols)
  const outer = new Float32Array(rows * cols)
  const xChunk = new Float32Array(chunk * cols)
  const yChunk = new Float32Array(chunk * rows)
  const xSum = new Float64Array(cols)
  const ySum = new Float64Array(rows)
  let xShift = new Float32Array(cols)
  let yShift = new Float32Array(rows)
  let [filled, yy, count, positions] = [0, 0, 0, 0]

  /** Adds the products of the chunk to the sums and empties it. */
  const flush = () => {
    if (filled === 0) return
    const ys = yChunk.subarray(0, filled * rows)
    linalg.syrk({ trans: true, n: cols, k: filled, a: xChunk, c: gram })
    linalg.gemm({ transA: true, m: rows, n: cols, k: filled, a: ys, b: xChunk, c: outer })
    for (let i = 0; i < h.length; i++) h[i] += gram[i]
    for (let i = 0; i < b.length; i++) b[i] += outer[i]
    yy += sumOfSquares(ys)
    filled = 0
  }

  return {
    add(x, y, n, positionWeights) {
      if (x.length !== n * cols || y.length !== n * rows || (positionWeights && positionWeights.length !== n)) {
        throw new TacoError(
          'SHAPE_MISMATCH',
          `layer statistics: ${n} positions of ${cols} inputs and ${rows} outputs expected, got ${x.length} and ${y.length} values`,
        )
      }
      if (bias && positions === 0 && n > 0) {
        xShift = means(x, n, cols)
        yShift = means(y, n, rows)
      }
      for (let from = 0; from < n;) {
        const length = Math.min(chunk - filled, n - from)
        const weights = positionWeights?.subarray(from, from + length)
        shifted(x.subarray(from * cols, (from + length) * cols), xShift, weights, xSum, xChunk.subarray(filled * cols))
        shifted(y.subarray(from * rows, (from + length) * rows), yShift, weights, ySum, yChunk.subarray(filled * rows))
        for (let p = 0; p < length; p++) count += weights ? weights[p] : 1
        filled += length
        from += length
        if (filled === chunk) flush()
      }
      positions += n
    },

    finish() {
      flush()
      if (!(count > 0)) {
        throw new TacoError('NUMERICAL', 'layer statistics: no positions with a weight above 0 were added')
      }
      const centre = bias ? 1 / count : 0
      const problem: LayerProblem = {
        rows,
        cols,
        weights: Float64Array.from(weights),
        h: aboutMeans(h, xSum, xSum, centre),
        b: aboutMeans(b, ySum, xSum, centre),
        yy: Math.max(0, yy - dot(ySum, ySum) * centre),
        xMean: xSum.map((v, j) => xShift[j] + v / count),
        yMean: ySum.map((v, row) => yShift[row] + v / count),
        count,
        positions,
        hasBias: bias,
      }
      // An input that is constant leaves rounding at most, possibly below 0.
      for (let j = 0; j < cols; j++) problem.h[j * cols + j] = Math.max(0, problem.h[j * cols + j])
      checkProblem(problem)
      return problem
    },
  }
}

/** Σ(y−m)(x−m)ᵀ [rows, cols] from the sum of products and the sums; `centre` is 1/n, or 0 where it is about zero. */
function aboutMeans(products: Float64Array, ySum: Float64Array, xSum: Float64Array, centre: number): Float64Array {
  const cols = xSum.length
  const result = new Float64Array(products.length)
  for (let row = 0, i = 0; row < ySum.length; row++) {
    for (let j = 0; j < cols; j++, i++) result[i] = products[i] - ySum[row] * xSum[j] * centre
  }
  return result
}

/** Means over positions, rounded to f32: x − mean of a constant input is then exactly 0. */
function means(values: Float32Array, n: number, width: number): Float32Array<ArrayBuffer> {
  const sums = new Float64Array(width)
  for (let p = 0, i = 0; p < n; p++) for (let j = 0; j < width; j++) sums[j] += values[i++]
  return Float32Array.from(sums, (v) => v / n)
}

/** √w(v − shift) of every position, in f32, to the beginning of `into`; adds the w(v − shift) to `sums`. */
function shifted(
  values: Float32Array,
  shift: Float32Array,
  weights: Float32Array | undefined,
  sums: Float64Array,
  into: Float32Array,
): void {
  const width = shift.length
  const even = values.length - (values.length % (2 * width))
  const factorOf = (position: number): number => (weights ? Math.sqrt(weights[position]) : 1)
  // two positions at a time: the shift is read, and the sum written, once for both
  for (let i = 0, p = 0; i < even; i += 2 * width, p += 2) {
    const [first, second] = [factorOf(p), factorOf(p + 1)]
    for (let j = 0, a = i, b = i + width; j < width; j++, a++, b++) {
      const one = Math.fround(first * (values[a] - shift[j]))
      const other = Math.fround(second * (values[b] - shift[j]))
      into[a] = one
      into[b] = other
      sums[j] = sums[j] + first * one + second * other
    }
  }
  if (even === values.length) return
  const factor = factorOf(even / width)
  for (let j = 0, i = even; j < width; j++, i++) {
    const value = Math.fround(factor * (values[i] - shift[j]))
    into[i] = value
    sums[j] += factor * value
  }
}

/** Four sums at once: one alone waits for itself. */
function sumOfSquares(values: Float32Array): number {
  let [a, b, c, d] = [0, 0, 0, 0]
  const even = values.length & ~3
  for (let i = 0; i < even; i += 4) {
    a += values[i] * values[i]
    b += values[i + 1] * values[i + 1]
    c += values[i + 2] * values[i + 2]
    d += values[i + 3] * values[i + 3]
  }
  for (let i = even; i < values.length; i++) a += values[i] * values[i]
  return a + b + (c + d)
}
