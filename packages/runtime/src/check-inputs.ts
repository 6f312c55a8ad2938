import { TacoError } from '@tacojs/errors'
import type { Graph, Tensor } from '@tacojs/graph'

const show = (shape: readonly (number | string)[]): string => `[${shape.join(', ')}]`

/**
 * What every Program does before it runs: each graph input is there, with its data type and shape; a symbolic
 * dimension may take any size, the same wherever its name stands.
 * Throws INVALID_ARGUMENT for a missing or unknown name, SHAPE_MISMATCH otherwise.
 */
export function checkInputs(graph: Graph, inputs: Readonly<Record<string, Tensor>>): void {
  const sizes = new Map<string, number>()
  const names = graph.inputs.map((i) => i.name)
  for (const name of Object.keys(inputs)) {
    if (!names.includes(name)) {
      throw new TacoError('INVALID_ARGUMENT', `the graph has no input '${name}'; its inputs are: ${names.join(', ')}`)
    }
  }
  for (const { name, dtype, shape } of graph.inputs) {
    const given = inputs[name]
    if (!given)
      throw new TacoError('INVALID_ARGUMENT', `input '${name}' is missing; the graph needs: ${names.join(', ')}`)
    const fail = (): never => {
      throw new TacoError(
        'SHAPE_MISMATCH',
        `input '${name}' is ${given.dtype} ${show(given.shape)}; the graph needs ${dtype} ${show(shape)}`,
      )
    }
    if (given.dtype !== dtype || given.shape.length !== shape.length) fail()
    shape.forEach((dim, i) => {
      const size = given.shape[i]!
      const expected = typeof dim === 'number' ? dim : (sizes.get(dim) ?? size)
      if (size !== expected) fail()
      if (typeof dim === 'string') sizes.set(dim, size)
    })
  }
}
