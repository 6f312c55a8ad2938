import type { LayerProblem, Solution } from '@tacojs/solver'

/**
 * Σ‖y − Ŵx − b̂‖² over positions that were not solved for, exactly, out of their sums: with H, B and ‖Y‖² about the
 * positions' own means m and y, the residual is a part that sums to zero and a constant one, so that
 *
 *   ‖Y‖² − 2 tr(ŴBᵀ) + tr(ŴHŴᵀ) + n‖y − Ŵm − b̂‖²
 *
 * Without a bias the sums are about zero, and the last term is left out.
 *
 * @param other the layer's problem on these positions
 * @param solution Ŵ [rows, cols] and b̂ [rows], from whatever positions
 */
export function heldOutError(other: LayerProblem, { weights, bias }: Pick<Solution, 'weights' | 'bias'>): number {
  const { rows, cols, h, b, yy, xMean, yMean, count } = other
  let error = yy
  for (let row = 0; row < rows; row++) {
    const w = weights.subarray(row * cols, (row + 1) * cols)
    const support = [...w.keys()].filter((j) => w[j] !== 0)
    let offset = bias ? yMean[row] - bias[row] : 0
    for (const j of support) {
      let product = 0
      for (const k of support) product += w[k] * h[j * cols + k]
      error += w[j] * (product - 2 * b[row * cols + j])
      if (bias) offset -= w[j] * xMean[j]
    }
    error += count * offset * offset
  }
  return Math.max(0, error)
}
