import { float32, type Graph, type PrunableLayer, type Tensor } from '@tacojs/graph'
import type { Solution } from '@tacojs/solver'

/** The groups' solutions, joined to the layer's weight (its own shape) and bias, and how many weights are not zero. */
export function assemble(
  graph: Graph,
  layer: PrunableLayer,
  solutions: readonly Pick<Solution, 'weights' | 'bias'>[],
): { weight: Tensor; bias?: Tensor; nonzeros: number } {
  const { shape } = graph.initializers.get(layer.weight)!.tensor
  const join = (parts: readonly Float64Array[]): Float32Array => {
    const out = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0))
    let at = 0
    for (const part of parts) {
      // a pruned weight is +0: the sign of a zero would count as a value in the compact weights
      for (const value of part) out[at++] = value === 0 ? 0 : value
    }
    return out
  }
  const weight = float32(shape, join(solutions.map((s) => s.weights)))
  const bias = layer.bias ? float32([layer.rows], join(solutions.map((s) => s.bias!))) : undefined
  // counted where they end: a kept weight can be zero as well, or become it in float32
  let nonzeros = 0
  for (const value of weight.data as Float32Array) if (value !== 0) nonzeros++
  return { weight, bias, nonzeros }
}
