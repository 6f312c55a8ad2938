import { costs, type Graph } from '@tacojs/graph'
import type { PlannedLayer } from './plan.js'
import type { Share } from './share.js'

/** How far pruning is, from 0 to 1, by what its steps cost rather than by their number. */
export interface Workload {
  /** When the backward pass has seen so many images; where it is never asked, there was none. */
  weighed(images: number): number
  /** When so many of the groups are done. */
  solved(groups: number): number
}

/**
 * In multiply-accumulates, each kind by how long one takes compared with that of a forward pass, as ViT-Tiny and ResNet-18
 * were measured: far from exact, but a late convolution of a ResNet costs a hundred times its first.
 *
 * - a forward pass of both streams over what lies between two groups, by the share of the groups' own
 * - statistics: H of c inputs and B of r outputs over P positions, P·(c² + rc)
 * - solving: factors of H, and the iterations of the method, 5c³ + 40rc²
 * - the backward pass for the task's weights: three quarters of both streams' forward passes
 *
 * @param kept groups that an earlier run has left, which only go through the streams
 */
export function workload(
  graph: Graph,
  groups: readonly (readonly PlannedLayer[])[],
  { images, share, kept = 0 }: { readonly images: number; readonly share: Share; readonly kept?: number },
): Workload {
  // sizes that are not known before an image is there count for nothing
  const all = costs(graph).map((cost) => (Number.isFinite(cost.macs) ? cost : { ...cost, macs: 0 }))
  const macs = new Map(all.map((cost) => [cost.node, cost.macs]))
  const forward = 2 * images * all.reduce((sum, cost) => sum + cost.macs, 0)
  const own = groups.map((members) => members.reduce((sum, { layer }) => sum + (macs.get(layer.node) ?? 0), 0))
  const ofGroups = own.reduce((a, b) => a + b, 0)
  const steps = groups.map((members, g) => {
    const capture = ofGroups > 0 ? (forward * own[g]!) / ofGroups : 0
    return capture + (g < kept ? 0 : members.reduce((sum, { layer }, m) => sum + solving(layer, m === 0), 0))
  })
  function solving(layer: PlannedLayer['layer'], first: boolean): number {
    const { node, rows, cols, groups: parts } = layer
    const positions = (images * (macs.get(node) ?? 0)) / (rows * cols)
    const seen = positions > 0 ? positions * share(positions, layer) : 0
    // members of a group share H
    const gram = first ? parts * cols ** 2 : 0
    return seen * (gram + rows * cols) + 5 * parts * cols ** 3 + 40 * rows * cols ** 2
  }
  const total = steps.reduce((a, b) => a + b, 0)
  const weights = 0.75 * forward
  let weighing = 0
  return {
    weighed(seen) {
      weighing = weights
      return (weights * seen) / images / (weights + total)
    },
    solved: (done) => (weighing + steps.slice(0, done).reduce((a, b) => a + b, 0)) / (weighing + total),
  }
}
