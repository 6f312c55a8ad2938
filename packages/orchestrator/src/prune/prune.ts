import { checkpoint } from '@tacojs/errors'
import { withInitializers, type Graph, type Initializer, type Tensor } from '@tacojs/graph'
import type { Linalg } from '@tacojs/linalg'
import { createStepper, type Backend } from '@tacojs/runtime'
import { parsePattern, solveLayer } from '@tacojs/solver'
import type { PrunePart } from '../progress.js'
import type { Recipe } from '../recipe.js'
import { assemble } from './assemble.js'
import { collect } from './collect.js'
import { layerReport, type LayerReport } from './layer-report.js'
import { ownBiases } from './own-biases.js'
import { selectLayers } from './select-layers.js'

export interface Pruned {
  readonly graph: Graph
  readonly layers: readonly LayerReport[]
}

/**
 * One-shot pruning of a network, layer by layer. Two streams advance together: the dense one gives each layer's
 * target, the sparse one its input, with everything before it already pruned.
 *
 * @param batches calibration inputs, one tensor [N, C, H, W] per batch
 */
export async function prune(
  model: Graph,
  batches: readonly Tensor[],
  context: {
    readonly backend: Backend
    readonly linalg: Linalg
    readonly recipe: Recipe
    readonly threads?: number
    readonly signal?: AbortSignal
    /** Measures a part; it only calls it unless given. */
    readonly time?: <T>(part: PrunePart, work: () => Promise<T> | T) => Promise<T>
    readonly onLayer?: (done: number, total: number, name: string) => void
  },
): Promise<Pruned> {
  const { backend, recipe, signal, time = async (_part, work) => work() } = context
  const { graph, layers } = ownBiases(model, selectLayers(model, recipe.keep))
  const settings = {
    method: recipe.method,
    pattern: parsePattern(recipe.pattern),
    sparsity: recipe.sparsity,
    damp: recipe.damp,
    refit: recipe.refit,
  }
  const inputs = batches.map((batch) => ({ [graph.inputs[0]!.name]: batch }))
  const options = { compile: { threads: context.threads }, signal }
  const dense = createStepper(backend, graph, inputs, options)
  const sparse = createStepper(backend, graph, inputs, options)
  const changed = new Map<string, Initializer>()
  const reports: LayerReport[] = []

  for (const [i, layer] of layers.entries()) {
    await checkpoint(signal)
    context.onLayer?.(i, layers.length, layer.name)
    await time('capture', async () => {
      if (recipe.target === 'dense') await dense.advancePast(layer.node)
      await sparse.advanceBefore(layer.node)
    })
    const problems = await time('statistics', () =>
      collect(context.linalg, graph, layer, sparse, recipe.target === 'dense' ? dense : undefined),
    )
    const solutions = await time('solve', () =>
      problems.map((problem) => solveLayer(context.linalg, problem, { ...settings, signal })),
    )
    const { weight, bias, nonzeros } = assemble(graph, layer, solutions)
    changed.set(layer.weight, { tensor: weight, sparsity: { pattern: recipe.pattern, nonzeros } })
    if (bias) changed.set(layer.bias!, { tensor: bias })
    sparse.replace(changed)
    reports.push(layerReport(layer, problems, solutions, nonzeros))
  }
  context.onLayer?.(layers.length, layers.length, 'done')
  return { graph: withInitializers(graph, changed), layers: reports }
}
