import { TacoError } from '@tacojs/errors'
import type { Linalg, Scatter } from '@tacojs/linalg'

/** Positions with a weight whose mean is near enough to that of all to lose nothing to it. */
const FOR_SHIFT = 256

/** Weighted sums over positions of vectors x and y. */
export interface Sums {
  /** Adds n positions, x [n, cols] and y [n, rows], with weights [n], 1 unless given. Throws DISPOSED after the end. */
  add(x: Float32Array, y: Float32Array, n: number, weights?: Float32Array): void
  /**
   * The sums of all that was added, undefined where that is nothing; nothing can be added any more. Throws DISPOSED
   * where they were finished or disposed of before.
   */
  finish(): Totals | undefined
  /** Frees the memory of what is not finished; idempotent. */
  dispose(): void
}

/** Products about the means m where these are asked for, otherwise about 0. */
export interface Totals {
  /** Σ w(x−m)(x−m)ᵀ [cols, cols]. */
  readonly xx: Float64Array
  /** Σ w(y−m)(x−m)ᵀ [rows, cols]. */
  readonly yx: Float64Array
  /** Σ w(y−m)(y−m)ᵀ [rows, rows], where it was asked for. */
  readonly yyMatrix: Float64Array | undefined
  /** Σ w‖y−m‖². */
  readonly yy: number
  readonly xMean: Float64Array
  readonly yMean: Float64Array
  /** Σ w. */
  readonly count: number
  readonly positions: number
}

/**
 * Streaming sums, which stay in the memory of linalg until they are finished. About means, that of the first positions
 * that have a weight is subtracted before the products, so that nothing is lost to large ones: with s that shift,
 * Σw(x−m)(x−m)ᵀ = Σw(x−s)(x−s)ᵀ − n(m−s)(m−s)ᵀ. Positions before the first with a weight above 0 are left out.
 *
 * @param options.yy whether the matrix of the y is wanted
 */
export function createSums(
  linalg: Linalg,
  options: { readonly rows: number; readonly cols: number; readonly centred: boolean; readonly yy?: boolean },
): Sums {
  const { rows, cols, centred, yy = false } = options
  let scatter: Scatter | undefined
  let xShift = new Float32Array(cols)
  let yShift = new Float32Array(rows)
  let [count, positions] = [0, 0]
  let ended = false
  const checkOpen = (): void => {
    if (ended) throw new TacoError('DISPOSED', 'layer statistics: finished or disposed of; create others')
  }
  return {
    add(x, y, n, weights) {
      checkOpen()
      const first = scatter || !weights ? 0 : weights.findIndex((weight) => weight > 0)
      if (n === 0 || first < 0) {
        positions += n
        return
      }
      const part = { k: n - first, x: x.subarray(first * cols), y: y.subarray(first * rows) }
      const own = weights?.subarray(first)
      if (!scatter) {
        if (centred) {
          xShift = means(part.x, part.k, cols, own)
          yShift = means(part.y, part.k, rows, own)
        }
        scatter = linalg.scatter({ sizes: [cols, rows], xShift, yShift, yy })
      }
      scatter.add({ ...part, weights: own })
      for (let p = 0; p < part.k; p++) count += own ? own[p] : 1
      positions += n
    },

    dispose() {
      ended = true
      scatter?.dispose()
    },

    finish() {
      checkOpen()
      ended = true
      const sums = scatter?.finish()
      if (!sums) return undefined
      const { x, y } = sums
      const centre = centred ? 1 / count : 0
      const squares = sums.ySquares.reduce((sum, v) => sum + v, 0)
      return {
        xx: aboutMeans(sums.xx, x, x, centre),
        yx: aboutMeans(sums.yx, y, x, centre),
        yyMatrix: sums.yy && aboutMeans(sums.yy, y, y, centre),
        yy: Math.max(0, squares - y.reduce((sum, v) => sum + v * v, 0) * centre),
        xMean: x.map((v, j) => xShift[j] + v / count),
        yMean: y.map((v, row) => yShift[row] + v / count),
        count,
        positions,
      }
    },
  }
}

/** Σ(y−m)(x−m)ᵀ [rows, cols] in place of the sum of products; `centre` is 1/n, or 0 where it is about zero. */
function aboutMeans(products: Float64Array, ySum: Float64Array, xSum: Float64Array, centre: number): Float64Array {
  const cols = xSum.length
  // the product of the sums first: the same for (i, j) and (j, i)
  if (centre !== 0) {
    for (let row = 0, i = 0; row < ySum.length; row++) {
      for (let j = 0; j < cols; j++, i++) products[i] -= ySum[row] * xSum[j] * centre
    }
  }
  return products
}

/**
 * Means over the first positions of n that have a weight, rounded to f32: x − mean of a constant input is then exactly
 * 0.
 */
function means(values: Float32Array, n: number, width: number, weights?: Float32Array): Float32Array<ArrayBuffer> {
  const sums = new Float64Array(width)
  let [total, taken] = [0, 0]
  for (let p = 0, i = 0; p < n && taken < FOR_SHIFT; p++, i += width) {
    const weight = weights ? weights[p] : 1
    if (weight === 0) continue
    for (let j = 0; j < width; j++) sums[j] += weight * values[i + j]
    total += weight
    taken++
  }
  return Float32Array.from(sums, (v) => v / total)
}
