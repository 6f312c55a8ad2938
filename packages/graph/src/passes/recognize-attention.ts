import type { Graph, Node } from '../graph.js'
import { analyze } from '../infer.js'
import { onlyFor, rewrite, type Matcher, type Replacement } from '../match.js'
import { intsAttribute, numberAttribute } from '../ops/attributes.js'

/**
 * Softmax(scale·Q·Kᵀ + bias)·V becomes Attention. The scale may stand after the product, or be split over q and k (each
 * times a number, by Mul or Div); the Transpose of k is taken in, merged with the one before it where there is one.
 */
export function recognizeAttention(graph: Graph): Graph {
  const { types } = analyze(graph)
  const shape = (value: string): string => types.get(value)?.shape.join() ?? ''
  return rewrite(graph, (node, m) => attention(node, m, (value) => types.get(value)?.shape.length ?? 0, shape))
}

interface Scaled {
  readonly value: string
  readonly factor: number
  readonly nodes: readonly Node[]
}

/** Takes a multiplication by a number off a value that serves only the pattern. */
function unscale(m: Matcher, value: string): Scaled {
  const node = m.producer(value)
  if (node && node.domain === '' && onlyFor(m, node)) {
    const product = node.op === 'Mul' ? m.withScalar(node) : undefined
    if (product) return { value: product.value, factor: product.scalar, nodes: [node] }
    const divisor = node.op === 'Div' ? m.scalar(node.inputs[1]) : undefined
    if (divisor) return { value: node.inputs[0]!, factor: 1 / divisor, nodes: [node] }
  }
  return { value, factor: 1, nodes: [] }
}

function attention(
  node: Node,
  m: Matcher,
  rank: (value: string) => number,
  shape: (value: string) => string,
): Replacement | undefined {
  if (node.op !== 'MatMul' || node.domain !== '') return undefined
  const softmax = m.madeBy(node.inputs[0], 'Softmax')
  if (!softmax || !onlyFor(m, softmax)) return undefined
  const dims = rank(softmax.outputs[0]!)
  const axis = numberAttribute(softmax, 'axis', -1)
  if (dims < 3 || (axis !== -1 && axis !== dims - 1)) return undefined
  // the scores: an optional bias, an optional scale, then the product
  let value = softmax.inputs[0]!
  const inner: Node[] = [softmax]
  let bias: string | undefined
  const sum = m.madeBy(value, 'Add')
  if (sum && onlyFor(m, sum)) {
    const scores = sum.inputs.find((input) => productOf(m, input))
    if (!scores) return undefined
    bias = sum.inputs[sum.inputs[0] === scores ? 1 : 0]!
    // a bias may be broadcast to the scores, not the scores to the bias
    if (rank(bias) > dims || shape(scores) !== shape(sum.outputs[0]!)) return undefined
    inner.push(sum)
    value = scores
  }
  const after = unscale(m, value)
  const product = m.madeBy(after.value, 'MatMul')
  if (!product || !onlyFor(m, product) || m.constant(product.inputs[1])) return undefined
  const [left, right] = product.inputs as [string, string]
  if (rank(left) !== dims || rank(right) !== dims || rank(node.inputs[1]!) !== dims) return undefined
  const q = unscale(m, left)
  const scaledKey = unscale(m, right)
  const key = m.madeBy(scaledKey.value, 'Transpose')
  if (!key || !onlyFor(m, key)) return undefined
  const perm = [...intsAttribute(key, 'perm')]
  const swapped = [...perm.slice(0, -2), perm[dims - 1]!, perm[dims - 2]!]
  // k itself may be scaled before its transposition
  const before = unscale(m, key.inputs[0]!)
  const identity = swapped.every((p, i) => p === i)
  const k = identity ? before.value : key.outputs[0]!
  const scale = after.factor * q.factor * scaledKey.factor * before.factor
  const swallowed = [...inner, ...after.nodes, product, ...q.nodes, ...scaledKey.nodes]
  const replaced: Node = {
    ...node,
    op: 'Attention',
    domain: 'ai.tacojs',
    inputs: [q.value, k, node.inputs[1]!, ...(bias ? [bias] : [])],
    attributes: { scale },
  }
  if (identity) return { node: replaced, swallowed: [...swallowed, key, ...before.nodes] }
  // another permutation stays as a Transpose, with its last two axes swapped back; its input's scale is left where it is
  return {
    node: { ...replaced, attributes: { scale: after.factor * q.factor * scaledKey.factor } },
    swallowed,
    changed: new Map([[key, { ...key, attributes: { perm: swapped } }]]),
  }
}

/** Whether a value is a product of two activations, maybe scaled. */
const productOf = (m: Matcher, value: string): boolean => {
  const { value: unscaled } = unscale(m, value)
  return m.madeBy(unscaled, 'MatMul') !== undefined
}
