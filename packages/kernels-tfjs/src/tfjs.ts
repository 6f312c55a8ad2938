import { TacoError } from '@tacojs/errors'
import { inferTypes, opDefinition, type Graph, type Node, type ValueType } from '@tacojs/graph'
import { runsOnDevice } from './kernel.js'
import type { Backend } from '@tacojs/runtime'
import { loadEngine } from './engine.js'
import { kernelOf } from './kernels/index.js'
import { plan } from './plan.js'
import { TfjsProgram } from './program.js'

export interface TfjsOptions {
  /** The tfjs backend that computes: 'cpu', 'wasm' (default), or another one that the caller has imported. */
  readonly engine?: 'cpu' | 'wasm' | (string & {})
  /** For 'wasm' in a browser: the URL of the folder that holds tfjs-backend-wasm's .wasm files. Node finds its own. */
  readonly wasmPaths?: string
}

const types = new WeakMap<Graph, ReadonlyMap<string, ValueType>>()

function typesOf(graph: Graph): ReadonlyMap<string, ValueType> {
  let known = types.get(graph)
  if (!known) types.set(graph, (known = inferTypes(graph)))
  return known
}

function unsupported(node: Node, graph: Graph): string | undefined {
  const kernel = kernelOf(node)
  if (!kernel) return `no kernel for operator ${node.domain ? `${node.domain}.` : ''}${node.op}`
  const reason = kernel.unsupported?.(node, graph)
  if (reason || opDefinition(node.op, node.domain)?.evaluate) return reason
  const dtypes = node.inputs.map((name) => typesOf(graph).get(name)?.dtype)
  return runsOnDevice(kernel, node, dtypes) ? undefined : `${node.op} of ${dtypes.join(', ')}`
}

/**
 * A backend over tfjs-core, named 'tfjs-' and the engine. float32 is computed by the engine; integers and booleans by
 * the host. tfjs itself is imported when the first graph is compiled.
 */
export function tfjs({ engine = 'wasm', wasmPaths }: TfjsOptions = {}): Backend {
  const name = `tfjs-${engine}`
  return {
    name,
    unsupported,
    async compile(graph, options = {}) {
      const reasons = graph.nodes.flatMap((node) => {
        const reason = unsupported(node, graph)
        return reason ? [`${reason} (node '${node.name}')`] : []
      })
      if (reasons.length > 0) throw new TacoError('UNSUPPORTED', `${name} cannot run this graph: ${reasons.join('; ')}`)
      const tf = await loadEngine(engine, wasmPaths)
      return new TfjsProgram(tf, engine, graph, plan(graph), options.mutable ?? [])
    },
  }
}
