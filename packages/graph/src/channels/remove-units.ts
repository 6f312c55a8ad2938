import { TacoError } from '@tacojs/errors'
import { normalizeAxis } from '../dims.js'
import type { Graph, Initializer, Node } from '../graph.js'
import { inferTypes } from '../infer.js'
import { numberAttribute } from '../ops/attributes.js'
import { mapIndex, stridesOf } from '../ops/index-map.js'
import { sliceRanges } from '../ops/slicing.js'
import { removeDead } from '../passes/remove-dead.js'
import { fromNumbers, toNumbers, type Tensor } from '../tensor.js'
import { validateGraph } from '../validate.js'
import { channelsOf, spreadOf, type ChannelGroup } from './channel-groups.js'
import { wiring, type Cut, type Spread, type Wiring } from './spread.js'
import { range } from './view.js'

/**
 * The smaller graph without some units of a group: weights and constants between the layers lose rows and columns, the
 * sizes that Reshape, Split, Slice and grouped convolutions state shrink with them. Constants that other nodes use as
 * well are copied, not changed. What remains computes the same as with the consumer's columns set to zero (if
 * `group.exact`). The group may come from the graph as it was before units of other groups were removed.
 *
 * @param units places in `group.units`; none gives the graph itself
 * @throws INVALID_ARGUMENT for a place outside of the group, one given twice, or all of one of `group.wholes`, and where
 *   the group does not fit the graph
 */
export function removeUnits(graph: Graph, group: ChannelGroup, units: readonly number[]): Graph {
  const { consumer } = group
  const wrong = units.find((unit, i) => !(unit in group.units) || units.indexOf(unit) !== i)
  if (wrong !== undefined) {
    const count = group.units.length
    throw new TacoError(
      'INVALID_ARGUMENT',
      `'${consumer.name}' has units 0 to ${count - 1}; give each once, not ${wrong}`,
    )
  }
  if (units.length === 0) return graph
  const whole = group.wholes.find((set) => set.every((unit) => units.includes(unit)))
  if (whole) {
    const which = whole.length === group.units.length ? 'all units' : `the units ${whole.join(', ')}, all of a branch,`
    throw new TacoError('INVALID_ARGUMENT', `${which} before '${consumer.name}' would go; keep at least one`)
  }
  const around = wiring(graph, inferTypes(graph))
  const gone = spreadOfUnits(around, group, units)
  const initializers = new Map<string, Initializer>(graph.initializers)
  const nodes = graph.nodes.map((node) => resized(node, around, gone, initializers))
  const smaller = removeDead({ ...graph, nodes, initializers })
  validateGraph(smaller)
  inferTypes(smaller)
  return smaller
}

function spreadOfUnits(around: Wiring, { consumer, units: all }: ChannelGroup, units: readonly number[]): Spread {
  const channels = units
    .flatMap((unit) => all[unit]!.cuts.find((cut) => cut.node === consumer.node && cut.input === 1)!.indices)
    .sort((a, b) => a - b)
  const node = around.graph.nodes.find((n) => n.name === consumer.node)
  const shape = around.graph.initializers.get(node?.inputs[1] ?? '')?.tensor.shape ?? []
  const cols = shape.slice(1).reduce((a, b) => a * b, 1)
  const gone = node && cols === consumer.cols ? spreadOf(around, consumer, node, channels) : undefined
  if (!gone || channelsOf(gone, consumer).join() !== channels.join()) {
    throw new TacoError(
      'INVALID_ARGUMENT',
      `the units before '${consumer.name}' are not those of this graph; take its own channelGroups`,
    )
  }
  return gone
}

/** A node with its constants cut and its stated sizes adapted; new constants are added to `initializers`. */
function resized(node: Node, around: Wiring, gone: Spread, initializers: Map<string, Initializer>): Node {
  const inputs = [...node.inputs]
  const { graph, types } = around
  const put = (i: number, what: string, value: Initializer): void => {
    const old = inputs[i]
    const uses = [...graph.outputs.map((output) => output.name), ...graph.nodes.flatMap((n) => n.inputs)]
    const alone = old && uses.filter((name) => name === old).length === 1
    let name = alone ? old : `${node.outputs[0]}.${what}`
    for (let k = 2; !alone && (initializers.has(name) || types.has(name)); k++) name = `${node.outputs[0]}.${what}.${k}`
    initializers.set(name, value)
    inputs[i] = name
  }
  for (const cut of gone.cuts) {
    if (cut.node !== node.name) continue
    put(
      cut.input,
      cut.input === 2 ? 'bias' : 'constant',
      withoutSlices(graph.initializers.get(inputs[cut.input]!)!, cut),
    )
  }
  const sizes = statedSizes(node, around, gone)
  for (const [i, values] of sizes) {
    const dtype = graph.initializers.get(node.inputs[i] ?? '')?.tensor.dtype ?? 'int64'
    while (inputs.length < i) inputs.push('')
    put(i, 'sizes', { tensor: fromNumbers(dtype, [values.length], values) })
  }
  const attributes = resizedAttributes(node, around, gone)
  const { num_outputs: _, ...others } = attributes
  return { ...node, inputs, attributes: node.op === 'Split' && sizes.size > 0 ? others : attributes }
}

/** Constants of sizes and places that have to change, by the node's input. */
function statedSizes(node: Node, { graph, types }: Wiring, gone: Spread): Map<number, number[]> {
  const numbers = (i: number): number[] | undefined => {
    const tensor = graph.initializers.get(node.inputs[i] ?? '')?.tensor
    return tensor && toNumbers(tensor)
  }
  const [x, y] = [gone.values.get(node.inputs[0]!), gone.values.get(node.outputs[0]!)]
  const sizes = new Map<number, number[]>()
  if (node.op === 'Reshape' && y) {
    const { shape } = types.get(node.outputs[0]!)!
    const left = shape.map((dim, axis) => (axis === y.axis ? (dim as number) - y.indices.length : dim))
    // -1 follows by itself, and a 0 where the size is not known; another 0 may stand for what changes
    const wanted = numbers(1)!.map((size, axis) => (size < 0 || typeof left[axis] === 'string' ? size : left[axis]!))
    sizes.set(1, wanted as number[])
  }
  if (node.op === 'Squeeze' && x && !node.inputs[1]) {
    // what has one element left is no reason to go
    const { shape } = types.get(node.inputs[0]!)!
    sizes.set(
      1,
      range(0, shape.length).filter((axis) => shape[axis] === 1),
    )
  }
  if (node.op === 'Split' && x) {
    const rank = types.get(node.inputs[0]!)!.shape.length
    if (normalizeAxis(numberAttribute(node, 'axis', 0), rank, `node '${node.name}'`) !== x.axis) return sizes
    const left = node.outputs.map((value) => {
      const size = types.get(value)!.shape[x.axis] as number
      return size - (gone.values.get(value)?.indices.length ?? 0)
    })
    sizes.set(1, left)
  }
  if (node.op === 'Slice' && x) {
    const { shape } = types.get(node.inputs[0]!)!
    const [starts, ends, axes, steps] = [1, 2, 3, 4].map(numbers)
    const at = starts!.findIndex(
      (_, i) => normalizeAxis(axes?.[i] ?? i, shape.length, `node '${node.name}'`) === x.axis,
    )
    if (at < 0) return sizes
    const { start, length } = sliceRanges(node, shape, starts!, ends!, axes, steps)[x.axis]!
    const before = x.indices.filter((index) => index < start).length
    const end = start + (length as number) - (y?.indices.length ?? 0)
    sizes.set(1, replaced(starts!, at, start - before)).set(2, replaced(ends!, at, end - before))
  }
  return sizes
}

function resizedAttributes(node: Node, { types }: Wiring, gone: Spread): Node['attributes'] {
  const group = node.op === 'Conv' ? numberAttribute(node, 'group', 1) : 1
  const cut = gone.cuts.find((c) => c.node === node.name && c.input === 1)
  if (group === 1 || !cut) return node.attributes
  const rows = types.get(node.inputs[1]!)!.shape[0] as number
  return { ...node.attributes, group: group - cut.indices.length / (rows / group) }
}

/**
 * A constant without some slices along one axis. Whole rows leave its pattern of zeros as it is, unless blocks hold several;
 * columns may break it.
 */
function withoutSlices({ tensor, sparsity }: Initializer, { axis, indices }: Cut): Initializer {
  const gone = new Set(indices)
  const kept = Array.from({ length: tensor.shape[axis]! }, (_, i) => i).filter((i) => !gone.has(i))
  const strides = stridesOf(tensor.shape)
  const smaller: Tensor = mapIndex(tensor, replaced(tensor.shape, axis, kept.length), (index) =>
    index.reduce((at, v, d) => at + (d === axis ? kept[v]! : v) * strides[d]!, 0),
  )
  if (!sparsity) return { tensor: smaller }
  const whole = axis === 0 && !/^(?!1x)\d+x/.test(sparsity.pattern)
  const pattern = whole ? sparsity.pattern : 'unstructured'
  return { tensor: smaller, sparsity: { pattern, nonzeros: toNumbers(smaller).filter((v) => v !== 0).length } }
}

const replaced = (list: readonly number[], at: number, value: number): number[] =>
  list.map((old, i) => (i === at ? value : old))
