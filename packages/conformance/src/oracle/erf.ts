/**
 * The error function to about 1e-15. Abramowitz & Stegun, Handbook of Mathematical Functions: the series of positive
 * terms 7.1.6 below 2, the continued fraction 7.1.14 of erfc above, where 1 − erfc loses nothing.
 */
export function erf(x: number): number {
  const a = Math.abs(x)
  if (Number.isNaN(x) || a === 0) return x
  if (a < 2) {
    let term = a
    let sum = a
    for (let n = 1; term > sum * 1e-17; n++) {
      term *= (2 * a * a) / (2 * n + 1)
      sum += term
    }
    return (Math.sign(x) * 2 * Math.exp(-a * a) * sum) / Math.sqrt(Math.PI)
  }
  if (a > 6) return Math.sign(x)
  let fraction = a
  for (let k = 120; k >= 1; k--) fraction = a + k / 2 / fraction
  return Math.sign(x) * (1 - Math.exp(-a * a) / (Math.sqrt(Math.PI) * fraction))
}
