import type { Preprocess } from '@tacojs/calibration'
import { costs, prunableLayers, type ValueInfo } from '@tacojs/graph'
import { bundledBackends, openBackend } from './backends.js'
import { layerKernels } from './layer-kernels.js'
import { modelCosts } from './model-costs.js'
import { loadModel } from './model.js'

export interface Inspection {
  readonly name: string
  readonly inputs: readonly ValueInfo[]
  readonly outputs: readonly ValueInfo[]
  readonly parameters: number
  readonly nonzeros: number
  readonly macs: number
  /** How often each operator occurs after the passes. */
  readonly operators: Readonly<Record<string, number>>
  readonly preprocess: Preprocess
  readonly layers: readonly {
    readonly name: string
    readonly kind: string
    readonly rows: number
    readonly cols: number
    readonly macs: number
    readonly sparsity: number
    readonly prunable: boolean
    /** Which kernel of the default backend computes it, and why that one. */
    readonly kernel?: string
    readonly reason?: string
  }[]
  /** What cannot run, per backend; an empty list means that everything can. */
  readonly unsupported: Readonly<Record<string, readonly string[]>>
  readonly warnings: readonly string[]
}

/** What a model is: signature, costs, prunable layers, preprocessing, and where it can run. */
export async function inspectModel(path: string): Promise<Inspection> {
  const model = await loadModel(path)
  const { graph } = model
  const operators: Record<string, number> = {}
  for (const { op } of graph.nodes) operators[op] = (operators[op] ?? 0) + 1
  const chosen = new Set(prunableLayers(graph).map((layer) => layer.node))
  const runs = graph.nodes.every((node) => openBackend().unsupported(node, graph) === undefined)
  const kernels = runs ? await layerKernels(openBackend(), graph, model.preprocess.inputSize) : undefined
  const costOf = new Map(costs(graph).map((cost) => [cost.node, cost]))
  return {
    name: model.name,
    inputs: graph.inputs,
    outputs: graph.outputs,
    ...modelCosts(graph),
    operators,
    preprocess: model.preprocess,
    layers: prunableLayers(graph, { all: true }).map(({ name, kind, rows, cols, node, weight }) => {
      const data = graph.initializers.get(weight)!.tensor.data as Float32Array
      const zeros = data.reduce((count, v) => count + (v === 0 ? 1 : 0), 0)
      return {
        name,
        kind,
        rows,
        cols,
        macs: costOf.get(node)?.macs ?? 0,
        sparsity: zeros / data.length,
        prunable: chosen.has(node),
        kernel: kernels?.get(node)?.kernel,
        reason: kernels?.get(node)?.reason,
      }
    }),
    unsupported: Object.fromEntries(
      bundledBackends.map((name) => {
        const backend = openBackend(name)
        const reasons = graph.nodes.flatMap((node) => backend.unsupported(node, graph) ?? [])
        return [name, [...new Set(reasons)]]
      }),
    ),
    warnings: model.warnings,
  }
}
