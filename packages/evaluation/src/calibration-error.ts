/**
 * Expected calibration error: Σ_bins (n_b / n) · |accuracy_b − confidence_b|, over equal-width bins of the confidence
 * (Guo et al. 2017, On Calibration of Modern Neural Networks, eq. 3).
 *
 * @param confidences probability of the predicted class, per image
 * @param hits whether the prediction was right, per image
 */
export function expectedCalibrationError(confidences: readonly number[], hits: readonly boolean[], bins = 15): number {
  const count = new Float64Array(bins)
  const confidence = new Float64Array(bins)
  const right = new Float64Array(bins)
  confidences.forEach((p, i) => {
    const bin = Math.min(bins - 1, Math.max(0, Math.ceil(p * bins) - 1))
    count[bin]!++
    confidence[bin]! += p
    right[bin]! += hits[i] ? 1 : 0
  })
  let error = 0
  for (let b = 0; b < bins; b++) error += Math.abs(right[b]! - confidence[b]!) / confidences.length
  return error
}
