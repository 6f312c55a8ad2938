import { TacoError } from '@tacojs/errors'
import type { Dim } from './graph.js'

export const showShape = (shape: readonly Dim[]): string => `[${shape.join(', ')}]`

/** Negative axes count from the end. Throws SHAPE_MISMATCH outside of the rank. */
export function normalizeAxis(axis: number, rank: number, what: string): number {
  const positive = axis < 0 ? axis + rank : axis
  if (!Number.isInteger(axis) || positive < 0 || positive >= Math.max(rank, 1)) {
    throw new TacoError('SHAPE_MISMATCH', `axis ${axis} of ${what} is outside of rank ${rank}`)
  }
  return positive
}

/** A symbolic dimension is a name, or a whole multiple of one: 'batch', '12*batch'. */
interface Monomial {
  readonly factor: number
  readonly symbol: string
}

const parse = (dim: string): Monomial => {
  const match = /^(\d+)\*(.+)$/.exec(dim)
  return match ? { factor: Number(match[1]), symbol: match[2]! } : { factor: 1, symbol: dim }
}

const build = (factor: number, symbol: string): Dim =>
  factor === 0 ? 0 : factor === 1 ? symbol : `${factor}*${symbol}`

/** The sizes that symbols have where a shape is really this one. */
export function sizesOf(shape: readonly Dim[], actual: readonly number[]): Map<string, number> {
  const sizes = new Map<string, number>()
  shape.forEach((dim, i) => {
    if (typeof dim === 'number') return
    const { factor, symbol } = parse(dim)
    sizes.set(symbol, actual[i]! / factor)
  })
  return sizes
}

/** A dimension with sizes in the place of symbols. */
export function sizeWith(dim: Dim, sizeOf: (symbol: string) => number): number {
  if (typeof dim === 'number') return dim
  const { factor, symbol } = parse(dim)
  return factor * sizeOf(symbol)
}

/** a·b; undefined for a product of two symbols. */
export function multiplyDims(a: Dim, b: Dim): Dim | undefined {
  if (typeof a === 'number' && typeof b === 'number') return a * b
  if (typeof a === 'string' && typeof b === 'string') return undefined
  const [symbolic, factor] = typeof a === 'string' ? [a, b as number] : [b as string, a]
  const { factor: own, symbol } = parse(symbolic)
  return build(own * factor, symbol)
}

/** a/b (truncated for numbers); undefined where it is not known to be a whole multiple. */
export function divideDims(a: Dim, b: Dim): Dim | undefined {
  if (typeof a === 'number' && typeof b === 'number') return b === 0 ? undefined : Math.trunc(a / b)
  if (a === b) return 1
  if (typeof a === 'number') return undefined
  const top = parse(a)
  if (typeof b === 'number') return b !== 0 && top.factor % b === 0 ? build(top.factor / b, top.symbol) : undefined
  const bottom = parse(b)
  return top.symbol === bottom.symbol && top.factor % bottom.factor === 0 ? top.factor / bottom.factor : undefined
}

/** Product of a shape's dimensions; undefined where two symbols meet. */
export function productOf(dims: readonly Dim[]): Dim | undefined {
  let product: Dim | undefined = 1
  for (const dim of dims) product = product === undefined ? undefined : multiplyDims(product, dim)
  return product
}

/**
 * numpy's broadcasting. Where a symbol meets a size other than 1 the size stands (the symbol must have that size);
 * where two symbols meet, the first. Throws SHAPE_MISMATCH.
 */
export function broadcastShapes(shapes: readonly (readonly Dim[])[], what: string): Dim[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length))
  return Array.from({ length: rank }, (_, i) => {
    let result: Dim = 1
    for (const shape of shapes) {
      const dim = shape[i - rank + shape.length]
      if (dim === undefined || dim === 1 || dim === result) continue
      if (result === 1 || (typeof result === 'string' && typeof dim === 'number')) result = dim
      else if (typeof result === 'number' && typeof dim === 'number') {
        throw new TacoError('SHAPE_MISMATCH', `${what}: shapes ${shapes.map(showShape).join(' and ')} do not broadcast`)
      }
    }
    return result
  })
}

/** Whether two dimensions can be the same size: equal, or at least one symbolic. */
export const compatible = (a: Dim, b: Dim): boolean => a === b || typeof a === 'string' || typeof b === 'string'
