import type { Graph, Node } from '../graph.js'
import { near, onlyFor, rewrite, type Matcher, type Replacement } from '../match.js'

/**
 * x·½·(1 + erf(x/√2)) and ½·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))), with the factors in any order, become Gelu.
 */
export const recognizeGelu = (graph: Graph): Graph => rewrite(graph, gelu)

function gelu(node: Node, m: Matcher): Replacement | undefined {
  if (node.op !== 'Mul' || node.domain !== '') return undefined
  // the three factors x, ½ and (1 + f) hang on two Mul nodes: outer(inner(a, b), c)
  for (const [innerValue, rest] of pairs(node)) {
    const inner = m.madeBy(innerValue, 'Mul')
    if (!inner || !onlyFor(m, inner)) continue
    for (const [a, b] of pairs(inner)) {
      const found = match(m, [a, b, rest])
      if (found) return replacement(node, [inner, ...found.nodes], found.x, found.approximate)
    }
  }
  return undefined
}

const pairs = (node: Node): [string, string][] => {
  const [a, b] = node.inputs as [string, string]
  return [
    [a, b],
    [b, a],
  ]
}

interface Match {
  readonly x: string
  readonly approximate: 'none' | 'tanh'
  readonly nodes: readonly Node[]
}

function match(m: Matcher, factors: readonly string[]): Match | undefined {
  const half = factors.findIndex((f) => near(m.scalar(f), 0.5))
  if (half < 0) return undefined
  const others = factors.filter((_, i) => i !== half) as [string, string]
  for (const [x, gate] of [others, [others[1], others[0]] as [string, string]]) {
    const sum = m.madeBy(gate, 'Add')
    const one = m.withScalar(sum)
    if (!sum || !one || !near(one.scalar, 1) || !onlyFor(m, sum)) continue
    const erf = m.madeBy(one.value, 'Erf')
    const scaled = erf && scaledBy(m, erf.inputs[0]!, Math.SQRT1_2)
    if (erf && scaled?.value === x && onlyFor(m, erf, scaled.node)) {
      return { x, approximate: 'none', nodes: [sum, erf, scaled.node] }
    }
    const tanh = m.madeBy(one.value, 'Tanh')
    const nodes = tanh && tanhArgument(m, tanh.inputs[0]!, x)
    if (tanh && nodes && onlyFor(m, tanh)) return { x, approximate: 'tanh', nodes: [sum, tanh, ...nodes] }
  }
  return undefined
}

/** A value times a number, written as Mul or as Div by its reciprocal. */
function scaledBy(m: Matcher, value: string, factor: number): { node: Node; value: string } | undefined {
  const product = m.madeBy(value, 'Mul')
  const parts = m.withScalar(product)
  if (product && parts && near(parts.scalar, factor)) return { node: product, value: parts.value }
  const quotient = m.madeBy(value, 'Div')
  if (quotient && near(m.scalar(quotient.inputs[1]), 1 / factor)) return { node: quotient, value: quotient.inputs[0]! }
  return undefined
}

/** √(2/π)·(x + 0.044715·x³): the nodes, if the value is that. */
function tanhArgument(m: Matcher, value: string, x: string): Node[] | undefined {
  const outer = scaledBy(m, value, Math.sqrt(2 / Math.PI))
  const sum = m.madeBy(outer?.value, 'Add')
  if (!outer || !sum || !sum.inputs.includes(x)) return undefined
  const cubic = scaledBy(m, sum.inputs[sum.inputs[0] === x ? 1 : 0]!, 0.044715)
  const cube = cubic && cubeOf(m, cubic.value, x)
  return cubic && cube && onlyFor(m, outer.node, sum, cubic.node, ...cube)
    ? [outer.node, sum, cubic.node, ...cube]
    : undefined
}

function cubeOf(m: Matcher, value: string, x: string): Node[] | undefined {
  const power = m.madeBy(value, 'Pow')
  if (power) return power.inputs[0] === x && near(m.scalar(power.inputs[1]), 3) ? [power] : undefined
  const product = m.madeBy(value, 'Mul')
  if (!product || !product.inputs.includes(x)) return undefined
  const square = m.producer(product.inputs[product.inputs[0] === x ? 1 : 0])
  const squares =
    (square?.op === 'Mul' && square.inputs.every((i) => i === x)) ||
    (square?.op === 'Pow' && square.inputs[0] === x && near(m.scalar(square.inputs[1]), 2))
  return square && squares ? [product, square] : undefined
}

const replacement = (node: Node, swallowed: Node[], x: string, approximate: string): Replacement => ({
  node: { ...node, op: 'Gelu', domain: 'ai.tacojs', inputs: [x], attributes: { approximate } },
  swallowed,
})
