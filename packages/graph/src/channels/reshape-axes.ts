import type { Dim } from '../graph.js'

/** Axes of the two sides of a Reshape that hold the same elements in the same order. */
export interface AxisGroup {
  readonly from: readonly number[]
  readonly to: readonly number[]
}

/**
 * Splits a Reshape into the smallest groups of axes that are reshaped by themselves: [N, 7, 192] to [N, 7, 3, 64] keeps
 * N and 7, and splits 192. Axes of size 1 are in no group, nor are those about which a symbol leaves doubt.
 */
export function reshapeAxes(from: readonly Dim[], to: readonly Dim[]): AxisGroup[] {
  const groups: AxisGroup[] = []
  const wide = (shape: readonly Dim[]): number[] => shape.map((_, i) => i).filter((i) => shape[i] !== 1)
  const [left, right] = [wide(from), wide(to)]
  // from the last axis: what is a symbol is mostly the first
  while (left.length > 0 && right.length > 0) {
    const a = [left.pop()!]
    const b = [right.pop()!]
    let [sizeA, sizeB] = [from[a[0]!]!, to[b[0]!]!]
    while (sizeA !== sizeB) {
      if (typeof sizeA === 'string' || typeof sizeB === 'string') return groups
      const [shape, rest, taken] = sizeA < sizeB ? [from, left, a] : [to, right, b]
      const next = rest.pop()
      const size = next === undefined ? undefined : shape[next]
      if (typeof size !== 'number') return groups
      taken.unshift(next!)
      if (taken === a) sizeA *= size
      else sizeB *= size
    }
    groups.push({ from: a, to: b })
  }
  return groups
}
