import type { Graph, Node } from '../graph.js'
import { analyze } from '../infer.js'
import { numberAttribute } from '../ops/attributes.js'
import { near, onlyFor, rewrite, type Matcher, type Replacement } from '../match.js'
import { float32, toNumbers } from '../tensor.js'

/**
 * (x − mean(x)) / √(mean((x − mean(x))²) + ε) over the last axis, with a constant scale and bias after it, becomes
 * LayerNormalization (Ba et al. 2016).
 */
export function recognizeLayerNormalization(graph: Graph): Graph {
  const { types } = analyze(graph)
  const lastSize = (value: string): number | undefined => {
    const dim = types.get(value)?.shape.at(-1)
    return typeof dim === 'number' ? dim : undefined
  }
  return rewrite(graph, (node, m) => {
    const [output] = node.outputs
    if (!output || types.get(output)?.dtype !== 'float32') return undefined
    return layerNormalization(node, m, lastSize, (v) => types.get(v)!.shape.length)
  })
}

function layerNormalization(
  node: Node,
  m: Matcher,
  lastSize: (value: string) => number | undefined,
  rank: (value: string) => number,
): Replacement | undefined {
  // from the end: Add bias, Mul scale, Div
  const dims = rank(node.outputs[0]!)
  const parameter = (value: string, width: number) => {
    const t = m.constant(value)
    const fits =
      t?.dtype === 'float32' &&
      t.shape.at(-1) === width &&
      t.data.length === width &&
      t.shape.length <= dims &&
      t.shape.slice(0, -1).every((d) => d === 1)
    return fits ? t : undefined
  }
  const split = (n: Node | undefined, op: string): { value: string; constant: string } | undefined => {
    if (n?.op !== op || n.domain !== '') return undefined
    const [a, b] = n.inputs as [string, string]
    if (m.constant(b)) return { value: a, constant: b }
    return m.constant(a) ? { value: b, constant: a } : undefined
  }
  if (node.op === 'Div' && node.domain === '')
    return withoutScale(node, m, normalized(m, node, rank), lastSize, parameter)
  const bias = split(node, 'Add')
  const product = bias ? m.madeBy(bias.value, 'Mul') : node
  const scale = split(product, 'Mul')
  if (!product || !scale || (bias && !onlyFor(m, product))) return undefined
  const quotient = m.madeBy(scale.value, 'Div')
  const core = quotient && onlyFor(m, quotient) ? normalized(m, quotient, rank) : undefined
  if (!core) return undefined
  const width = lastSize(core.x)
  if (width === undefined || !parameter(scale.constant, width)) return undefined
  if (bias && !parameter(bias.constant, width)) return undefined
  // a scale without bias may still be followed by one: leave it to the Add
  if (!bias && m.uses(node.outputs[0]!) === 1) {
    const next = m.graph.nodes.find((n) => n.inputs.includes(node.outputs[0]!))
    const after = split(next, 'Add')
    if (after && parameter(after.constant, width)) return undefined
  }
  const names = [scale.constant, ...(bias ? [bias.constant] : [])]
  const flat = new Map(
    names
      .filter((name) => m.constant(name)!.shape.length !== 1)
      .map((name) => [`${name}.flat`, float32([width], toNumbers(m.constant(name)!))] as const),
  )
  const inputs = names.map((name) => (flat.has(`${name}.flat`) ? `${name}.flat` : name))
  return {
    node: {
      ...node,
      op: 'LayerNormalization',
      inputs: [core.x, ...inputs],
      attributes: { axis: -1, epsilon: core.epsilon },
    },
    swallowed: [...(bias ? [product] : []), quotient!, ...core.nodes],
    initializers: flat,
  }
}

/** A division that no constant scale follows: LayerNormalization needs a scale, so it gets ones. */
function withoutScale(
  node: Node,
  m: Matcher,
  core: Core | undefined,
  lastSize: (value: string) => number | undefined,
  parameter: (value: string, width: number) => unknown,
): Replacement | undefined {
  const width = core && lastSize(core.x)
  if (!core || width === undefined) return undefined
  const value = node.outputs[0]!
  const scaled = m.graph.nodes.some(
    (n) => n.op === 'Mul' && n.inputs.includes(value) && n.inputs.some((name) => parameter(name, width)),
  )
  if (scaled && m.uses(value) === 1) return undefined
  const ones = `${value}/scale`
  return {
    node: {
      ...node,
      op: 'LayerNormalization',
      inputs: [core.x, ones],
      attributes: { axis: -1, epsilon: core.epsilon },
    },
    swallowed: core.nodes,
    initializers: new Map([[ones, float32([width], new Float32Array(width).fill(1))]]),
  }
}

interface Core {
  readonly x: string
  readonly epsilon: number
  readonly nodes: Node[]
}

/** The part up to the division: what is normalised, ε, and the nodes. */
function normalized(m: Matcher, quotient: Node, rank: (value: string) => number): Core | undefined {
  const centred = m.madeBy(quotient.inputs[0], 'Sub')
  const root = m.madeBy(quotient.inputs[1], 'Sqrt')
  const sum = m.madeBy(root?.inputs[0], 'Add')
  const epsilon = m.withScalar(sum)
  const variance = m.madeBy(epsilon?.value, 'ReduceMean')
  const square = m.producer(variance?.inputs[0])
  const mean = m.madeBy(centred?.inputs[1], 'ReduceMean')
  if (!centred || !root || !sum || !epsilon || !variance || !square || !mean) return undefined
  const x = centred.inputs[0]!
  const overLast = (n: Node): boolean => {
    const axes = m.constant(n.inputs[1])
    const [axis, ...more] = axes ? toNumbers(axes) : []
    return more.length === 0 && (axis === -1 || axis === rank(x) - 1) && numberAttribute(n, 'keepdims', 1) === 1
  }
  if (mean.inputs[0] !== x || !overLast(mean) || !overLast(variance)) return undefined
  const value = centred.outputs[0]!
  const squared =
    (square.op === 'Mul' && square.inputs.every((i) => i === value)) ||
    (square.op === 'Pow' && square.inputs[0] === value && near(m.scalar(square.inputs[1]), 2))
  if (!squared) return undefined
  const centredUses = square.op === 'Mul' ? 3 : 2
  if (!onlyFor(m, [centred, centredUses], root, sum, variance, square, mean)) return undefined
  return { x, epsilon: epsilon.scalar, nodes: [centred, root, sum, variance, square, mean] }
}
