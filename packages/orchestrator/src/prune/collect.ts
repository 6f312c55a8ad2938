import type { Graph, Tensor } from '@tacojs/graph'
import type { Linalg } from '@tacojs/linalg'
import type { Stepper } from '@tacojs/runtime'
import type { LayerProblem } from '@tacojs/solver'
import { gatherInputs, gatherOutputs, type Seen } from './gather.js'
import { layerReader, type LayerReader } from './layer-reader.js'
import { isWide, type LayerGroup, type PlannedLayer } from './plan.js'
import { samplePositions } from './positions.js'
import { residualTarget } from './residual-correction.js'
import type { Share } from './share.js'

export interface Streams {
  /** Stands before the group: its input is readable. */
  readonly sparse: Stepper
  /** Stands where `advanceDense` takes it; not needed for the target 'sparse'. */
  readonly dense: Stepper | undefined
}

export interface Sampling {
  /** Images of each batch. */
  readonly images: readonly number[]
  /** Share of the positions that are looked at. */
  readonly share: Share
  /** What each position of an image counts for, where not all count alike. */
  readonly weights?: (image: number) => Float32Array
  /** What each output of each member counts for, where not all count alike. */
  readonly outputs?: readonly Float32Array[]
}

/**
 * What says what the members of a group should give. `own`: their dense weights, on the inputs that they have. `inputs`:
 * their dense weights on the dense stream's inputs, which is less than their outputs are. `outputs`: what the dense stream
 * has as their outputs, corrected where the target is the residual stream.
 */
type Source = 'own' | 'inputs' | 'outputs'

function sourceOf({ members }: LayerGroup, dense: Stepper | undefined): Source {
  if (!dense || members.every(({ target }) => target === 'sparse')) return 'own'
  return members.every(({ target }) => target === 'dense') && isWide(members) ? 'inputs' : 'outputs'
}

/** Takes the dense stream to where `collect` needs it for the group. */
export async function advanceDense(dense: Stepper | undefined, group: LayerGroup): Promise<void> {
  const { before, members } = group
  const source = sourceOf(group, dense)
  if (source === 'inputs') await dense!.advanceBefore(before)
  else if (source === 'outputs') await dense!.advancePast(members[members.length - 1]!.node.name)
}

/**
 * The layer problems of a group, [member][group of the convolution], from all batches: inputs of the sparse stream, and
 * as targets what `targetOf` says. H is one for all members.
 */
export function collect(
  linalg: Linalg,
  graph: Graph,
  group: LayerGroup,
  streams: Streams,
  sampling: Sampling,
): LayerProblem[][] {
  const { members } = group
  const source = sourceOf(group, streams.dense)
  const gather = source === 'outputs' ? gatherOutputs : gatherInputs
  const parts = Array.from({ length: members[0]!.layer.groups }, (_, g) => gather(linalg, graph, members, g))
  const total = sampling.images.reduce((sum, images) => sum + images, 0)
  let image = 0
  for (let batch = 0; batch < streams.sparse.batches; batch++) {
    const images = sampling.images[batch]!
    const seen = seenBy(graph, group, source, streams, batch, images)
    const { positions: all, tokens } = seen.inputs
    const share = sampling.share(all * total, members[0]!.layer)
    for (let i = 0; i < images; i++, image++) {
      const own = sampling.weights?.(image)
      const { positions, weights } = samplePositions(all, share, { image, tokens, weights: own })
      for (const part of parts) part.add(seen, i, positions, weights)
    }
  }
  const problems = parts.map((part) => part.finish())
  return members.map((_, m) => problems.map((ofPart) => ofPart[m]!))
}

function seenBy(
  graph: Graph,
  { input, members }: LayerGroup,
  source: Source,
  { sparse, dense }: Streams,
  batch: number,
  images: number,
): Seen {
  const readerOf = (stream: Stepper): LayerReader => layerReader(graph, members[0]!, stream.value(batch, input), images)
  const inputs = readerOf(sparse)
  if (source === 'own') return { inputs }
  if (source === 'inputs') return { inputs, denseInputs: readerOf(dense!) }
  return { inputs, outputs: members.map((member) => targetOf(member, sparse, dense!, batch)) }
}

/** What the layer should give for a batch, from where both streams stand. */
function targetOf({ node, target, write }: PlannedLayer, sparse: Stepper, dense: Stepper, batch: number): Tensor {
  const output = dense.value(batch, node.outputs[0]!)
  if (target !== 'residual' || !write) return output
  return residualTarget(write, output, dense.value(batch, write.skip), sparse.value(batch, write.skip))
}
