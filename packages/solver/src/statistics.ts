import { TacoError } from '@tacojs/errors'
import type { Linalg } from '@tacojs/linalg'
import { dot } from './loss.js'
import { checkProblem, type LayerProblem } from './problem.js'
import { createSums, type Sums, type Totals } from './sums.js'

export interface Statistics {
  /**
   * Adds n positions: inputs x [n, cols] and the outputs y [n, rows] that they should give; `positionWeights` [n] (not
   * negative) scale what a position counts for, 1 unless given. Throws SHAPE_MISMATCH, INVALID_ARGUMENT for a weight
   * that is negative or not finite, and DISPOSED after finish() and dispose().
   */
  add(x: Float32Array, y: Float32Array, n: number, positionWeights?: Float32Array): void
  /**
   * The problem of all that was added; nothing can be added any more. Throws NUMERICAL where a sum is not finite or nothing
   * was added, and DISPOSED after finish() and dispose().
   */
  finish(): LayerProblem
  /** Frees the memory of linalg that the sums take until they are finished; idempotent. */
  dispose(): void
  [Symbol.dispose](): void
}

export interface StatisticsOptions {
  readonly rows: number
  readonly cols: number
  /** Dense weights W [rows, cols]. */
  readonly weights: Float32Array | Float64Array
  /** Whether the layer has a bias, which may change: then all sums are about the means. */
  readonly bias: boolean
}

/** Throws INVALID_ARGUMENT unless a number of rows or columns is a positive integer. */
function checkSize(name: string, size: number): void {
  if (Number.isSafeInteger(size) && size > 0) return
  throw new TacoError('INVALID_ARGUMENT', `layer statistics: ${name} is ${size}; give a positive integer`)
}

/**
 * Throws INVALID_ARGUMENT for a bad number of rows, SHAPE_MISMATCH unless weights and bias are as long as they have to
 * be.
 */
function checkLayer({ rows, weights, bias }: DenseLayer, cols: number): void {
  checkSize('rows', rows)
  if (weights.length === rows * cols && (bias?.length ?? rows) === rows) return
  const got = `${weights.length} weights${bias ? ` and a bias of ${bias.length}` : ''}`
  throw new TacoError('SHAPE_MISMATCH', `layer statistics: a layer of ${rows}×${cols} has ${got}`)
}

/**
 * Streaming statistics of one layer; X and Y are not kept. Products are f32 for 256 positions, their sums f64. Throws
 * INVALID_ARGUMENT for rows and columns that are no positive integers, SHAPE_MISMATCH for weights of another length.
 */
export function createStatistics(linalg: Linalg, options: StatisticsOptions): Statistics {
  const { rows, cols, weights, bias } = options
  checkSize('cols', cols)
  checkLayer({ rows, weights }, cols)
  const sums = createSums(linalg, { rows, cols, centred: bias })
  return {
    add(x, y, n, positionWeights) {
      checkPositions(cols, rows, x, y, n, positionWeights)
      sums.add(x, y, n, positionWeights)
    },
    finish() {
      const { xx, yx, yy, xMean, yMean, count, positions } = finished(sums)
      const of = { rows, cols, weights: new Float64Array(weights), hasBias: bias }
      return checked({ ...of, h: xx, b: yx, yy, xMean, yMean, count, positions })
    },
    dispose: sums.dispose,
    [Symbol.dispose]: sums.dispose,
  }
}

export interface InputStatistics {
  /**
   * Adds n positions: the inputs x [n, cols] that the layers have, and `dense` [n, cols], those whose outputs they should
   * give; the same x unless given, in all calls or in none.
   */
  add(x: Float32Array, dense: Float32Array | undefined, n: number, positionWeights?: Float32Array): void
  /** The problem of each layer; H is shared. Throws as that of `Statistics`. */
  finish(): LayerProblem[]
  /** As that of `Statistics`. */
  dispose(): void
  [Symbol.dispose](): void
}

/** A layer by its dense weights [rows, cols] and bias [rows], where it has one. */
export interface DenseLayer {
  readonly rows: number
  readonly weights: Float32Array | Float64Array
  readonly bias?: Float32Array
}

/**
 * Statistics of layers that see the same inputs and should give what their dense weights make of some inputs Z,
 * Y = WZ + bias. Y is never made: B = YXᵀ = W·ZXᵀ, which takes less where layers have more outputs than inputs, and
 * ‖Y‖² = tr(W·ZZᵀ·Wᵀ).
 *
 * @param options.bias as of `StatisticsOptions`, for all layers; without it a layer's own bias is in its `yMean` alone
 * @throws INVALID_ARGUMENT for rows and columns that are no positive integers, SHAPE_MISMATCH for weights or a bias of
 * another length
 */
export function createInputStatistics(
  linalg: Linalg,
  options: { readonly cols: number; readonly bias: boolean; readonly layers: readonly DenseLayer[] },
): InputStatistics {
  const { cols, bias, layers } = options
  let sums: Sums | undefined
  let own: boolean | undefined
  checkSize('cols', cols)
  for (const layer of layers) checkLayer(layer, cols)
  /** Sums of their own inputs, or of these and others. */
  const begin = (ofOwn: boolean): Sums =>
    createSums(linalg, { rows: ofOwn ? 0 : cols, cols, centred: bias, yy: !ofOwn })
  const dispose = (): void => (sums ??= begin(true)).dispose()
  const through = (rows: number, weights: Float64Array, matrix: Float64Array): Float64Array => {
    const product = new Float64Array(rows * cols)
    linalg.gemm({ m: rows, n: cols, k: cols, a: weights, b: matrix, c: product })
    return product
  }
  return {
    add(x, dense, n, positionWeights) {
      // of their own inputs, H alone says everything
      const ofOwn = dense === undefined
      if (own !== undefined && own !== ofOwn) {
        throw new TacoError('INVALID_ARGUMENT', 'layer statistics: give dense inputs in all calls of add, or in none')
      }
      const y = dense ?? new Float32Array(0)
      checkPositions(cols, ofOwn ? 0 : cols, x, y, n, positionWeights)
      const next = sums ?? begin(ofOwn)
      next.add(x, y, n, positionWeights)
      sums = next
      own = ofOwn
    },
    finish() {
      sums ??= begin(true)
      const { xx, yx, yyMatrix, xMean, yMean: zMean, count, positions } = finished(sums)
      return layers.map(({ rows, bias: constant, ...layer }) => {
        const weights = new Float64Array(layer.weights)
        const b = through(rows, weights, own ? xx : yx)
        const yy = Math.max(0, dot(own ? b : through(rows, weights, yyMatrix!), weights))
        const yMean = new Float64Array(rows)
        for (let row = 0; row < rows; row++) {
          const mean = dot(weights.subarray(row * cols, (row + 1) * cols), own ? xMean : zMean)
          yMean[row] = mean + (constant ? constant[row] : 0)
        }
        return checked({ rows, cols, weights, h: xx, b, yy, xMean, yMean, count, positions, hasBias: bias })
      })
    },
    dispose,
    [Symbol.dispose]: dispose,
  }
}

/** Throws SHAPE_MISMATCH for arrays of another length, INVALID_ARGUMENT for a weight that is none. */
function checkPositions(
  cols: number,
  rows: number,
  x: Float32Array,
  y: Float32Array,
  n: number,
  positionWeights: Float32Array | undefined,
): void {
  const fail = (what: string): never => {
    throw new TacoError('SHAPE_MISMATCH', `layer statistics: ${what}`)
  }
  if (x.length !== n * cols || y.length !== n * rows) {
    const got = `${x.length} and ${y.length} values`
    fail(`${n} positions of ${cols} inputs and ${rows} outputs expected, got ${got}`)
  }
  if (positionWeights && positionWeights.length !== n) {
    fail(`${n} position weights expected, one for each position, got ${positionWeights.length}`)
  }
  const wrong = positionWeights?.findIndex((weight) => !(weight >= 0 && weight < Infinity)) ?? -1
  if (wrong >= 0) {
    throw new TacoError(
      'INVALID_ARGUMENT',
      `layer statistics: position weight ${wrong} is ${positionWeights![wrong]}; give finite numbers that are not negative`,
    )
  }
}

function finished(sums: Sums): Totals {
  const totals = sums.finish()
  if (totals && totals.count > 0) return totals
  throw new TacoError('NUMERICAL', 'layer statistics: no positions with a weight above 0 were added')
}

function checked(problem: LayerProblem): LayerProblem {
  const { cols, h } = problem
  // An input that is constant leaves rounding at most, possibly below 0.
  for (let j = 0; j < cols; j++) h[j * cols + j] = Math.max(0, h[j * cols + j])
  checkProblem(problem)
  return problem
}
