import { checkpoint } from '@tacojs/errors'
import type { Graph, Initializer, Tensor } from '@tacojs/graph'
import { createStepper } from '@tacojs/runtime'
import type { LayerProblem } from '@tacojs/solver'
import { advanceDense, collect, type Sampling } from './collect.js'
import type { PruneContext } from './context.js'
import type { LayerGroup } from './plan.js'
import { expectedShare, samplings } from './sampling.js'
import { workload } from './workload.js'

/** The way through a network, from group to group, with what pruning changed on it. */
export interface Walk {
  /** Goes to the next group: to be called for each, in their order. */
  advance(): Promise<void>
  /** Layer problems of the group, [member][group of the convolution], and how its positions and outputs are counted. */
  problems(): Promise<{ readonly problems: LayerProblem[][]; readonly sampling: Sampling }>
  /** The way goes on with these weights in the place of the model's. */
  replace(changed: ReadonlyMap<string, Initializer>): void
}

/**
 * Two streams advance together: the dense one gives each layer's target, the sparse one its input, with everything before
 * it already pruned. Up to the first group they are one. It tells `context.onLayer` how far it is.
 *
 * @param groups one or more
 * @param kept groups that an earlier run has left: they go through the streams in the same steps, so that the rest comes
 *   out to the last bit
 */
export async function startWalk(
  graph: Graph,
  groups: readonly LayerGroup[],
  batches: readonly Tensor[],
  kept: number,
  context: PruneContext,
): Promise<Walk> {
  const { backend, linalg, recipe, signal, time = async (_part, work) => work() } = context
  const members = groups.map((group) => group.members)
  const total = members.reduce((sum, { length }) => sum + length, 0)
  const images = batches.reduce((sum, batch) => sum + batch.shape[0]!, 0)
  const work = workload(graph, members, { images, share: expectedShare(recipe), kept })
  const onWeighed = (seen: number): void =>
    context.onLayer?.(0, total, `weights of positions, image ${seen} of ${images}`, work.weighed(seen))
  context.onLayer?.(0, total, 'first layers', 0)
  const sampling = await time('weights', () => samplings(graph, groups, batches, { ...context, onWeighed }))
  const inputs = batches.map((batch) => ({ [graph.inputs[0]!.name]: batch }))
  const sparse = createStepper(backend, graph, inputs, { compile: { threads: context.threads }, signal })
  await time('capture', () => sparse.advanceBefore(groups[0]!.before))
  const dense = recipe.target === 'sparse' ? undefined : sparse.fork()
  let at = -1
  let done = 0
  return {
    async advance() {
      done += at < 0 ? 0 : members[at]!.length
      at += 1
      const group = groups[at]!
      await checkpoint(signal)
      context.onLayer?.(done, total, group.members[0]!.layer.name, work.solved(at))
      await time('capture', async () => {
        await advanceDense(dense, group)
        await sparse.advanceBefore(group.before)
      })
    },
    async problems() {
      const of = sampling[at]!
      return {
        problems: await time('statistics', () => collect(linalg, graph, groups[at]!, { sparse, dense }, of)),
        sampling: of,
      }
    },
    replace: (changed) => sparse.replace(changed),
  }
}
