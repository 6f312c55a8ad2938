import { TacoError } from '@tacojs/errors'
import { float32, toNumbers, withInitializers, type Graph, type Tensor } from '@tacojs/graph'
import type { Backend } from '@tacojs/runtime'
import { runOracle } from '../oracle/index.js'

export const narrow = (t: Tensor): Tensor => (t.dtype === 'float64' ? float32(t.shape, toNumbers(t)) : t)

/** A complete backend: the oracle, rounded to float32 at the end; `change` makes it wrong, `declined` incomplete. */
export function oracleBackend(change: (t: Tensor, graph: Graph) => Tensor = narrow, declined?: string): Backend {
  return {
    name: 'oracle',
    unsupported: (node) => (node.op === declined ? 'not written yet' : undefined),
    compile: async (source, { mutable = [] } = {}) => {
      let graph = source
      let disposed = false
      const alive = (): void => {
        if (disposed) throw new TacoError('DISPOSED', 'the program was disposed of')
      }
      return {
        run: async (inputs) => {
          alive()
          const out = runOracle(graph, inputs)
          return Object.fromEntries(Object.entries(out).map(([name, t]) => [name, change(t, graph)]))
        },
        write: (name, values) => {
          alive()
          const old = graph.initializers.get(name)?.tensor
          if (!old || !mutable.includes(name)) throw new TacoError('INVALID_ARGUMENT', `'${name}' is not mutable`)
          if (old.shape.join() !== values.shape.join())
            throw new TacoError('SHAPE_MISMATCH', `'${name}' has another shape`)
          graph = withInitializers(graph, new Map([[name, { ...values, data: values.data.slice() } as Tensor]]))
        },
        read: async (name) => {
          alive()
          return graph.initializers.get(name)!.tensor
        },
        dispose: () => {
          disposed = true
        },
      }
    },
  }
}
