import { TacoError } from '@tacojs/errors'
import type { Tensor } from '@tacojs/graph'

/** Index of the largest logit of each row; the lowest index wins a tie. Logits are [N, classes]. */
export function argmaxRows(logits: Tensor): number[] {
  const classes = logits.shape[logits.shape.length - 1]!
  const data = logits.data as Float32Array
  const rows = data.length / classes
  const best: number[] = []
  for (let r = 0; r < rows; r++) {
    let index = 0
    for (let c = 1; c < classes; c++) if (data[r * classes + c]! > data[r * classes + index]!) index = c
    if (Number.isNaN(data[r * classes + index]!)) {
      throw new TacoError(
        'NUMERICAL',
        `the logits of image ${r} of a batch are NaN; the model's weights are not finite`,
      )
    }
    best.push(index)
  }
  return best
}

/**
 * Softmax over the classes of each row, in f64. A row that is a distribution already (a model that ends in Softmax) stays
 * as it is.
 */
export function probabilities(logits: Tensor): Float64Array[] {
  const classes = logits.shape[logits.shape.length - 1]!
  const data = logits.data as Float32Array
  return Array.from({ length: data.length / classes }, (_, r) => {
    const row = Float64Array.from(data.subarray(r * classes, (r + 1) * classes))
    if (row.every((v) => v >= 0) && Math.abs(row.reduce((a, b) => a + b, 0) - 1) < 1e-4) return row
    const max = row.reduce((a, b) => Math.max(a, b), -Infinity)
    let sum = 0
    for (let c = 0; c < classes; c++) sum += row[c] = Math.exp(row[c]! - max)
    return row.map((p) => p / sum)
  })
}
