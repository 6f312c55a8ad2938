import { checkpoint } from '@tacojs/errors'
import { float32, subgraph, withInitializers, type Graph, type Initializer, type Tensor } from '@tacojs/graph'
import type { Linalg } from '@tacojs/linalg'
import { createStepper, liveValues, type Backend, type Stepper } from '@tacojs/runtime'
import { solveLayer } from '@tacojs/solver'
import { assemble } from '../prune/assemble.js'
import { collect } from '../prune/collect.js'
import { groupSparsities } from '../prune/layer-budget.js'
import { planLayers, type PlannedLayer } from '../prune/plan.js'
import type { Recipe } from '../recipe.js'
import { freeLayers } from './free-layers.js'
import { measuredSparsities } from './measured-sparsities.js'
import { outputChange } from './output-change.js'

/** What the network's output loses when one layer alone is pruned. */
export interface LayerLosses {
  readonly planned: PlannedLayer
  /** By rising sparsity, beginning with 0, which loses nothing. */
  readonly losses: readonly { readonly sparsity: number; readonly loss: number }[]
}

/** Where the network is run with the pruned layer; the errors of the layer say how the loss goes between. */
const anchors: readonly number[] = [0.8, 0.95]

/** Images that the network is run on, evenly spread over all: it is run twice per layer. */
const probes = 8

/** Images whose statistics are taken: the layers' own errors change little with more. */
const statisticsImages = 40

/** Share of their positions. */
const share = 0.5

/**
 * Losses of the layers that are free to choose a sparsity, in the order they run. Each is pruned alone, on the dense
 * network's activations, by FastOBC and refit, whatever the recipe's method is: methods differ less than layers do.
 * Its loss at the anchors is measured where it counts, as the change of the logits; in between and beyond, it follows
 * the layer's own error: loss(s) = E(s) · r(s), r = loss/E interpolated in its logarithm over the logarithm of what is
 * kept. Never falling: at high sparsities the logits of a broken attention may come back by chance.
 *
 * @param batches calibration inputs, one tensor [N, C, H, W] per batch
 */
export async function layerLosses(
  model: Graph,
  batches: readonly Tensor[],
  context: {
    readonly backend: Backend
    readonly linalg: Linalg
    readonly recipe: Recipe
    readonly threads?: number
    readonly signal?: AbortSignal
    readonly onLayer?: (done: number, total: number, name: string) => void
  },
): Promise<LayerLosses[]> {
  const { backend, linalg, recipe, threads, signal } = context
  const { graph, groups } = planLayers(model, { ...recipe, target: 'sparse' })
  const options = { compile: { threads }, signal }
  const streamOf = (images: readonly Tensor[]): Stepper =>
    createStepper(
      backend,
      graph,
      images.map((batch) => ({ [graph.inputs[0]!.name]: batch })),
      options,
    )
  const seen = spread(batches, statisticsImages)
  const images = seen.map((batch) => batch.shape[0]!)
  const [statistics, probe] = [streamOf(seen), streamOf(spread(batches, probes))]
  /** The logits of the probes when the rest of the network, from where the stream stands, is this one. */
  const logitsOf = async (rest: Graph): Promise<Tensor[]> => {
    const program = await backend.compile(rest, options.compile)
    try {
      const logits: Tensor[] = []
      for (let batch = 0; batch < probe.batches; batch++) {
        await checkpoint(signal)
        const given = Object.fromEntries(rest.inputs.map(({ name }) => [name, probe.value(batch, name)]))
        logits.push((await program.run(given))[rest.outputs[0]!.name]!)
      }
      return logits
    } finally {
      program.dispose()
    }
  }
  const dense = await logitsOf(graph)
  const free = new Set(
    freeLayers(
      groups.flatMap((group) => group.members),
      recipe,
    ),
  )
  const all: LayerLosses[] = []
  let done = 0
  for (const group of groups) {
    if (!group.members.some((planned) => free.has(planned))) continue
    const first = group.members[0]!.node.name
    await statistics.advanceBefore(first)
    await probe.advanceBefore(first)
    const problems = collect(
      linalg,
      graph,
      group,
      { sparse: statistics, dense: undefined },
      { images, share: () => share },
    )
    for (const [m, planned] of group.members.entries()) {
      if (!free.has(planned)) continue
      context.onLayer?.(done++, free.size, planned.layer.name)
      const pruned = measuredSparsities.map((sparsity) => {
        const { pattern } = planned.settings
        const quick = { method: 'fastobc' as const, pattern, damp: recipe.damp, signal }
        const sparsities = groupSparsities(planned.layer, pattern, sparsity)
        return problems[m]!.map((problem, g) => solveLayer(linalg, problem, { ...quick, sparsity: sparsities[g] }))
      })
      const errors = pruned.map((solutions) => solutions.reduce((sum, s) => sum + s.error, 0))
      const measured: number[] = []
      for (const sparsity of anchors) {
        const { weight, bias } = assemble(graph, planned.layer, pruned[measuredSparsities.indexOf(sparsity)]!)
        const changed = new Map<string, Initializer>([[planned.layer.weight, { tensor: weight }]])
        if (bias) changed.set(planned.layer.bias!, { tensor: bias })
        measured.push(meanChange(dense, await logitsOf(restFrom(withInitializers(graph, changed), first))))
      }
      all.push({ planned, losses: [{ sparsity: 0, loss: 0 }, ...lossCurve(errors, measured)] })
    }
  }
  context.onLayer?.(free.size, free.size, 'done')
  return all
}

/** The network from a node on. */
function restFrom(graph: Graph, node: string): Graph {
  const position = graph.nodes.findIndex((n) => n.name === node)
  return subgraph(graph, liveValues(graph, position), [graph.outputs[0]!.name])
}

/** `outputChange` of several batches. */
function meanChange(before: readonly Tensor[], after: readonly Tensor[]): number {
  const sum = before.reduce((total, logits, i) => total + outputChange(logits, after[i]!) * logits.shape[0]!, 0)
  return sum / imagesOf(before)
}

/** Losses at the measured sparsities from the layer's errors there and the output's changes at the anchors. */
export function lossCurve(
  errors: readonly number[],
  changes: readonly number[],
): { readonly sparsity: number; readonly loss: number }[] {
  const kept = (sparsity: number): number => -Math.log(1 - sparsity)
  const at = anchors.map((sparsity) => errors[measuredSparsities.indexOf(sparsity)]!)
  const [low, high] = changes.map((change, i) => Math.log(Math.max(change, tiny) / Math.max(at[i]!, tiny))) as [
    number,
    number,
  ]
  let least = 0
  return measuredSparsities.map((sparsity, i) => {
    const t = (kept(sparsity) - kept(anchors[0]!)) / (kept(anchors[1]!) - kept(anchors[0]!))
    const ratio = low + Math.min(1, Math.max(0, t)) * (high - low)
    least = Math.max(least, errors[i]! * Math.exp(ratio))
    return { sparsity, loss: least }
  })
}

/** Keeps logarithms finite where a layer does nothing at all. */
const tiny = 1e-30

const imagesOf = (batches: readonly Tensor[]): number => batches.reduce((sum, batch) => sum + batch.shape[0]!, 0)

/** At most `count` images, evenly spread over all, in batches as large as the first. */
function spread(batches: readonly Tensor[], count: number): Tensor[] {
  const [size, ...shape] = batches[0]!.shape as [number, ...number[]]
  const length = shape.reduce((a, b) => a * b, 1)
  const all = batches.flatMap(({ data, shape: [n] }) =>
    Array.from({ length: n! }, (_, i) => (data as Float32Array).subarray(i * length, (i + 1) * length)),
  )
  const taken = Math.min(count, all.length)
  return Array.from({ length: Math.ceil(taken / size) }, (_, b) => {
    const images = Math.min(size, taken - b * size)
    const values = new Float32Array(images * length)
    for (let i = 0; i < images; i++) values.set(all[Math.floor(((b * size + i) * all.length) / taken)]!, i * length)
    return float32([images, ...shape], values)
  })
}
