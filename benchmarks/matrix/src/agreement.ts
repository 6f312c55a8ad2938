/** Runtimes differ by the order of their sums. */
const TOLERANCE = 1e-3

/** The largest difference of two runtimes' logits. Throws where it is above the tolerance, or is no number. */
export function checkAgreement(logits: Float32Array, expected: Float32Array, what: string): number {
  let worst = logits.length === expected.length ? 0 : NaN
  // once NaN, it stays so
  expected.forEach((v, i) => (worst = Math.max(worst, Math.abs(v - logits[i]!))))
  if (!(worst <= TOLERANCE)) throw new Error(`${what}: logits differ by ${worst}, more than ${TOLERANCE}`)
  return worst
}
