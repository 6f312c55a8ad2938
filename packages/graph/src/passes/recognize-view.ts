import { multiplyDims, productOf } from '../dims.js'
import type { Dim, Graph, Initializer, Node } from '../graph.js'
import { analyze, type Analysis } from '../infer.js'
import { numberAttribute } from '../ops/attributes.js'
import { castTarget } from '../ops/cast.js'
import { stridesOf } from '../ops/index-map.js'
import { int64, toNumbers, type Tensor } from '../tensor.js'

/** Integers that are linear in their position: element i is offset + Σ strides[d]·i[d]. */
interface Ramp {
  readonly offset: number
  readonly shape: readonly Dim[]
  readonly strides: readonly number[]
}

/** Constants above this size are no indices that an exporter wrote out. */
const LARGEST = 1 << 20

/**
 * Takes a Gather of a flattened value by the indices 0, 1, 2 … for what it is, a Reshape: torch.export writes
 * `as_strided` so, the indices made of ranges, multiples and sums.
 */
export function recognizeView(graph: Graph): Graph {
  const flat = new Map(graph.nodes.filter((n) => n.op === 'Reshape').map((n) => [n.outputs[0]!, n.inputs[0]!]))
  if (!graph.nodes.some((n) => n.op === 'Gather' && flat.has(n.inputs[0]!))) return graph
  const analysis = analyze(graph)
  const ramps = rampsOf(graph, analysis)
  const added = new Map<string, Initializer>()
  const nodes = graph.nodes.map((node): Node => {
    const source = node.op === 'Gather' ? flat.get(node.inputs[0]!) : undefined
    const ramp = ramps(node.inputs[1] ?? '')
    if (source === undefined || !ramp || !counts(ramp)) return node
    const from = analysis.types.get(source)!.shape
    // all of it, no more and no less
    if (analysis.types.get(node.inputs[0]!)!.shape.length !== 1 || productOf(from) !== productOf(ramp.shape))
      return node
    if (from.join() === ramp.shape.join()) return { ...node, op: 'Identity', inputs: [source], attributes: {} }
    const shape = ramp.shape.map((dim) => (typeof dim === 'string' ? -1 : dim))
    if (shape.filter((dim) => dim === -1).length > 1 || shape.includes(0)) return node
    const name = `${node.outputs[0]}.shape`
    added.set(name, { tensor: int64([shape.length], shape) })
    return { ...node, op: 'Reshape', inputs: [source, name], attributes: {} }
  })
  return { ...graph, nodes, initializers: new Map([...graph.initializers, ...added]) }
}

/** Whether the elements are 0, 1, 2 … in row-major order. */
function counts({ offset, shape, strides }: Ramp): boolean {
  let expected: Dim | undefined = 1
  for (let d = shape.length - 1; d >= 0; d--) {
    if (shape[d] === 1) continue
    if (strides[d] !== expected) return false
    expected = multiplyDims(expected, shape[d]!)
  }
  return offset === 0
}

/** Looks up which values are ramps. */
function rampsOf(graph: Graph, { types }: Analysis): (name: string) => Ramp | undefined {
  const ramps = new Map<string, Ramp | undefined>()
  const find = (name: string): Ramp | undefined => {
    if (!ramps.has(name)) {
      const tensor = graph.initializers.get(name)?.tensor
      ramps.set(name, tensor && rampOf(tensor))
    }
    return ramps.get(name)
  }
  for (const node of graph.nodes) {
    const shape = types.get(node.outputs[0]!)?.shape
    if (shape) ramps.set(node.outputs[0]!, follow(node, shape, find))
  }
  return find
}

function rampOf(tensor: Tensor): Ramp | undefined {
  if (!tensor.dtype.startsWith('int') || tensor.data.length === 0 || tensor.data.length > LARGEST) return undefined
  const values = toNumbers(tensor)
  const places = stridesOf(tensor.shape)
  const strides = tensor.shape.map((dim, d) => (dim > 1 ? values[places[d]!]! - values[0]! : 0))
  const linear = values.every((v, i) => {
    let sum = values[0]!
    for (let d = 0; d < places.length; d++) sum += strides[d]! * (Math.floor(i / places[d]!) % tensor.shape[d]!)
    return v === sum
  })
  return linear ? { offset: values[0]!, shape: tensor.shape, strides } : undefined
}

/** The ramp that a node makes of ramps. */
function follow(node: Node, shape: readonly Dim[], find: (name: string) => Ramp | undefined): Ramp | undefined {
  const [a, b] = node.inputs.map(find)
  switch (node.op) {
    case 'Range': {
      const step = find(node.inputs[2]!)
      return a && step && { offset: a.offset, shape, strides: [step.offset] }
    }
    case 'Identity':
      return a
    case 'Cast':
      return castTarget(node).startsWith('int') ? a : undefined
    case 'Mul': {
      const factor = [a, b].find((r) => r?.strides.every((s) => s === 0))
      const other = a === factor ? b : a
      if (!factor || !other) return undefined
      const spread = broadcast(other, shape)
      const by = factor.offset
      return { offset: other.offset * by, shape, strides: spread.map((s) => s * by) }
    }
    case 'Add': {
      if (!a || !b) return undefined
      const [left, right] = [broadcast(a, shape), broadcast(b, shape)]
      return { offset: a.offset + b.offset, shape, strides: left.map((s, d) => s + right[d]!) }
    }
    case 'Expand':
      return a && { offset: a.offset, shape, strides: broadcast(a, shape) }
    case 'Reshape':
    case 'Squeeze':
    case 'Unsqueeze':
      return a && numberAttribute(node, 'allowzero', 0) === 0 ? regrouped(a, shape) : undefined
  }
  return undefined
}

/** A dimension that is repeated has stride 0. */
function broadcast({ shape, strides }: Ramp, to: readonly Dim[]): number[] {
  const shift = to.length - shape.length
  return to.map((_, d) => (d < shift || shape[d - shift] === 1 ? 0 : strides[d - shift]!))
}

/** Only dimensions of 1 may come and go. */
function regrouped({ offset, shape, strides }: Ramp, to: readonly Dim[]): Ramp | undefined {
  const real = shape.flatMap((dim, d) => (dim === 1 ? [] : [{ dim, stride: strides[d]! }]))
  let next = 0
  const spread = to.map((dim) => (dim === 1 ? 0 : real[next]?.dim === dim ? real[next++]!.stride : NaN))
  return next === real.length && !spread.some(Number.isNaN) ? { offset, shape: to, strides: spread } : undefined
}
