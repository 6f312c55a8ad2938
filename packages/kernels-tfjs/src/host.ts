import { TacoError } from '@tacojs/errors'
import { opDefinition, type Node } from '@tacojs/graph'
import { download, hostValue, type Tf, type Value } from './value.js'

/**
 * Computes a node on the host by the operator's own definition: for the integer and boolean arithmetic of shapes,
 * axes and masks, which is small, and for which tfjs has no 64-bit integers.
 */
export async function evaluateOnHost(tf: Tf, node: Node, inputs: readonly (Value | undefined)[]): Promise<Value[]> {
  const evaluate = opDefinition(node.op, node.domain)?.evaluate
  if (!evaluate) {
    const dtypes = inputs.map((v) => v?.dtype ?? 'none').join(', ')
    throw new TacoError('UNSUPPORTED', `node '${node.name}': ${node.op} of (${dtypes}) cannot run on tfjs`)
  }
  const tensors = []
  for (const value of inputs) tensors.push(value && (await download(tf, value)))
  return evaluate(node, tensors).map(hostValue)
}
