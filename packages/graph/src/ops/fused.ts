import { TacoError } from '@tacojs/errors'
import { broadcastShapes, compatible, showShape } from '../dims.js'
import type { Dim, Node } from '../graph.js'
import { float32, int64, type Tensor } from '../tensor.js'
import { numberAttribute, stringAttribute } from './attributes.js'
import type { OpDefinition } from './definition.js'
import { mapIndex } from './index-map.js'
import { costSize } from './linear.js'

/** Collects the nodes of an expansion; the last one writes the fused node's own output. */
class Expansion {
  readonly nodes: Node[] = []
  readonly initializers = new Map<string, Tensor>()
  constructor(private readonly node: Node) {}

  add(op: string, inputs: readonly string[], attributes: Node['attributes'] = {}, last = false): string {
    const name = `${this.node.name}/${op}_${this.nodes.length}`
    const output = last ? this.node.outputs[0]! : `${this.node.outputs[0]}/${op}_${this.nodes.length}`
    this.nodes.push({ name, op, domain: '', inputs, outputs: [output], attributes })
    return output
  }

  constant(name: string, value: Tensor): string {
    const unique = `${this.node.outputs[0]}/${name}`
    this.initializers.set(unique, value)
    return unique
  }
}

const fits = (node: Node, ok: boolean, ...shapes: readonly (readonly Dim[])[]): void => {
  if (!ok)
    throw new TacoError(
      'SHAPE_MISMATCH',
      `node '${node.name}' (${node.op}): ${shapes.map(showShape).join(' and ')} do not fit`,
    )
}

const last = (shape: readonly Dim[]): Dim => shape[shape.length - 1]!

/** X [..., in], W [out, in], optional B [out] → X·Wᵀ + B. */
const linear: OpDefinition = {
  op: 'Linear',
  domain: 'ai.tacojs',
  inputs: [2, 3],
  outputs: [1, 1],
  attributes: {},
  infer: ({ node, inputs: [x, w, b] }) => {
    fits(
      node,
      w!.shape.length === 2 && x!.shape.length > 0 && compatible(last(x!.shape), w!.shape[1]!),
      x!.shape,
      w!.shape,
    )
    if (b) fits(node, b.shape.length === 1 && compatible(b.shape[0]!, w!.shape[0]!), w!.shape, b.shape)
    return [{ dtype: x!.dtype, shape: [...x!.shape.slice(0, -1), w!.shape[0]!] }]
  },
  macs: (_node, [, w], [y]) => costSize(y!.shape) * costSize([w!.shape[1]!]),
  expand: (node, graph) => {
    const e = new Expansion(node)
    const [x, w, b] = node.inputs as [string, string, string | undefined]
    const weight = graph.initializers.get(w)?.tensor
    let transposed: string
    if (weight) {
      const [rows, cols] = weight.shape as [number, number]
      transposed = e.constant(
        'weight',
        mapIndex(weight, [cols, rows], ([i, o]) => o! * cols + i!),
      )
    } else transposed = e.add('Transpose', [w], { perm: [1, 0] })
    const product = e.add('MatMul', [x, transposed], {}, !b)
    if (b) e.add('Add', [product, b], {}, true)
    return e
  },
}

/** 'none': x·Φ(x) by erf; 'tanh': 0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))) (Hendrycks & Gimpel 2016). */
const gelu: OpDefinition = {
  op: 'Gelu',
  domain: 'ai.tacojs',
  inputs: [1, 1],
  outputs: [1, 1],
  attributes: { approximate: 'string' },
  infer: ({ node, inputs: [x] }) => {
    const form = stringAttribute(node, 'approximate', 'none')
    if (form !== 'none' && form !== 'tanh') {
      throw new TacoError(
        'UNSUPPORTED',
        `node '${node.name}' (Gelu): approximate '${form}' is neither 'none' nor 'tanh'`,
      )
    }
    return [x!]
  },
  expand: (node) => {
    const e = new Expansion(node)
    const [x] = node.inputs as [string]
    const scalar = (name: string, value: number): string => e.constant(name, float32([], [value]))
    const one = scalar('one', 1)
    const half = e.add('Mul', [x, scalar('half', 0.5)])
    let inner: string
    if (stringAttribute(node, 'approximate', 'none') === 'tanh') {
      const square = e.add('Mul', [x, x])
      const cube = e.add('Mul', [square, x])
      const sum = e.add('Add', [x, e.add('Mul', [cube, scalar('cubic', 0.044715)])])
      inner = e.add('Tanh', [e.add('Mul', [sum, scalar('root', Math.sqrt(2 / Math.PI))])])
    } else inner = e.add('Erf', [e.add('Mul', [x, scalar('root', Math.SQRT1_2)])])
    e.add('Mul', [half, e.add('Add', [inner, one])], {}, true)
    return e
  },
}

/** Q [..., N, D], K [..., M, D], V [..., M, E], optional bias → softmax(scale·Q·Kᵀ + bias)·V (Vaswani et al. 2017, eq. 1). */
const attention: OpDefinition = {
  op: 'Attention',
  domain: 'ai.tacojs',
  inputs: [3, 4],
  outputs: [1, 1],
  attributes: { scale: 'float' },
  infer: ({ node, inputs: [q, k, v, bias] }) => {
    const rank = q!.shape.length
    fits(node, rank >= 2 && rank === k!.shape.length && compatible(last(q!.shape), last(k!.shape)), q!.shape, k!.shape)
    fits(node, rank === v!.shape.length && compatible(k!.shape[rank - 2]!, v!.shape[rank - 2]!), k!.shape, v!.shape)
    const batch = broadcastShapes(
      [q!.shape.slice(0, -2), k!.shape.slice(0, -2), v!.shape.slice(0, -2)],
      `node '${node.name}'`,
    )
    if (bias) {
      const scores = [...batch, q!.shape[rank - 2]!, k!.shape[rank - 2]!]
      const sum = broadcastShapes([scores, bias.shape], `node '${node.name}' (Attention)`)
      fits(node, sum.length === rank && sum.every((d, i) => compatible(d, scores[i]!)), scores, bias.shape)
    }
    return [{ dtype: q!.dtype, shape: [...batch, q!.shape[rank - 2]!, last(v!.shape)] }]
  },
  macs: (_node, [q, k, v], [y]) => {
    const [scores, width] = [
      costSize(q!.shape.slice(0, -1)) * costSize([k!.shape[k!.shape.length - 2]!]),
      costSize([last(q!.shape)]),
    ]
    return scores * width + (costSize(y!.shape) / costSize([last(v!.shape)])) * costSize(v!.shape.slice(-2))
  },
  expand: (node, _graph, types) => {
    const e = new Expansion(node)
    const [q, k, v, bias] = node.inputs as [string, string, string, string | undefined]
    const rank = types.get(k)!.shape.length
    const axes = Array.from({ length: rank }, (_, i) => i)
    const perm = [...axes.slice(0, -2), rank - 1, rank - 2]
    const scores = e.add('MatMul', [q, e.add('Transpose', [k], { perm })])
    const scaled = e.add('Mul', [scores, e.constant('scale', float32([], [numberAttribute(node, 'scale')]))])
    const weights = e.add('Softmax', [bias ? e.add('Add', [scaled, bias]) : scaled], { axis: -1 })
    e.add('MatMul', [weights, v], {}, true)
    return e
  },
}

/** X [..., C], gamma [C] → X·gamma (Touvron et al. 2021, eq. 4). */
const layerScale: OpDefinition = {
  op: 'LayerScale',
  domain: 'ai.tacojs',
  inputs: [2, 2],
  outputs: [1, 1],
  attributes: {},
  infer: ({ node, inputs: [x, gamma] }) => {
    fits(node, gamma!.shape.length === 1 && compatible(last(x!.shape), gamma!.shape[0]!), x!.shape, gamma!.shape)
    return [x!]
  },
  expand: (node) => {
    const e = new Expansion(node)
    e.add('Mul', node.inputs, {}, true)
    return e
  },
}

/** X [1, ...] repeated along dimension 0 to dimension 0 of `like`: class tokens, without integer arithmetic at run time. */
const expandBatch: OpDefinition = {
  op: 'ExpandBatch',
  domain: 'ai.tacojs',
  inputs: [2, 2],
  outputs: [1, 1],
  attributes: {},
  infer: ({ node, inputs: [x, like] }) => {
    fits(node, x!.shape[0] === 1 && like!.shape.length > 0, x!.shape, like!.shape)
    return [{ dtype: x!.dtype, shape: [like!.shape[0]!, ...x!.shape.slice(1)] }]
  },
  expand: (node, _graph, types) => {
    const e = new Expansion(node)
    const [x, like] = node.inputs as [string, string]
    const batch = e.add('Shape', [like], { start: 0, end: 1 })
    const rank = types.get(x)!.shape.length
    // a dimension of 1 in Expand's shape leaves x's own
    const rest = e.constant('rest', int64([rank - 1], new Array<number>(rank - 1).fill(1)))
    e.add('Expand', [x, rank > 1 ? e.add('Concat', [batch, rest], { axis: 0 }) : batch], {}, true)
    return e
  },
}

export const fused: readonly OpDefinition[] = [linear, gelu, attention, layerScale, expandBatch]
