import { TacoError } from '@tacojs/errors'
import type { Tensor } from '@tacojs/graph'

/**
 * Throws NUMERICAL where a logit is NaN or ∞, which nothing can be said of; −∞ is a class that is ruled out, unless all are.
 */
function checkRow(row: ArrayLike<number>, image: number): void {
  let largest = -Infinity
  // the maximum of NaN and anything is NaN
  for (let c = 0; c < row.length; c++) largest = Math.max(largest, row[c]!)
  if (Number.isFinite(largest)) return
  const what = Number.isNaN(largest) ? 'NaN' : 'infinite'
  throw new TacoError(
    'NUMERICAL',
    `the logits of image ${image} of a batch are ${what}; the model's weights are not finite, or too large`,
  )
}

/**
 * Index of the largest logit of each row; the lowest index wins a tie. Logits are [N, classes]. Throws NUMERICAL for logits
 * that are NaN or infinite.
 */
export function argmaxRows(logits: Tensor): number[] {
  const classes = logits.shape[logits.shape.length - 1]!
  const data = logits.data as Float32Array
  const rows = data.length / classes
  const best: number[] = []
  for (let r = 0; r < rows; r++) {
    let index = 0
    checkRow(data.subarray(r * classes, (r + 1) * classes), r)
    for (let c = 1; c < classes; c++) if (data[r * classes + c]! > data[r * classes + index]!) index = c
    best.push(index)
  }
  return best
}

/**
 * Softmax over the classes of each row, in f64. A row that is a distribution already (a model that ends in Softmax) stays
 * as it is. Throws NUMERICAL for logits that are NaN or infinite.
 */
export function probabilities(logits: Tensor): Float64Array[] {
  const classes = logits.shape[logits.shape.length - 1]!
  const data = logits.data as Float32Array
  return Array.from({ length: data.length / classes }, (_, r) => {
    const row = Float64Array.from(data.subarray(r * classes, (r + 1) * classes))
    checkRow(row, r)
    if (row.every((v) => v >= 0) && Math.abs(row.reduce((a, b) => a + b, 0) - 1) < 1e-4) return row
    const max = row.reduce((a, b) => Math.max(a, b), -Infinity)
    let sum = 0
    for (let c = 0; c < classes; c++) sum += row[c] = Math.exp(row[c]! - max)
    return row.map((p) => p / sum)
  })
}
