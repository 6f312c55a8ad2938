/** The value below which a share `p` of the values lies, by a straight line between neighbours (R's type 7). */
export function quantile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const at = p * (sorted.length - 1)
  const low = Math.floor(at)
  const [a, b] = [sorted[low]!, sorted[Math.min(low + 1, sorted.length - 1)]!]
  return a + (b - a) * (at - low)
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** The median over the rounds of a / b: each ratio is of two runs that the same moment of the machine has seen. */
export const medianRatio = (a: readonly number[], b: readonly number[]): number =>
  median(a.map((v, round) => v / b[round]!))
