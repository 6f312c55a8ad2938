import { TacoError } from '@tacojs/errors'
import type { Dim, Node } from '../graph.js'

/** No tensor has more axes, whatever a model declares its vector of sizes to hold. */
const LARGEST_RANK = 64

/** A shape of which only the rank is known, its sizes symbols of the node's own. Throws UNSUPPORTED without a rank. */
export function unknownShape(node: Node, rank: Dim | undefined): Dim[] {
  if (typeof rank !== 'number' || rank > LARGEST_RANK)
    throw new TacoError('UNSUPPORTED', `node '${node.name}' (${node.op}): the rank of its result is not known`)
  return Array.from({ length: rank }, (_, i) => `${node.outputs[0]}.${i}`)
}
