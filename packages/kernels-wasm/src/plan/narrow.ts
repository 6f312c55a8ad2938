import {
  createGraph,
  inferTypes,
  int64,
  node as makeNode,
  numberAttribute,
  toNumbers,
  type Graph,
  type Node,
  type Tensor,
} from '@tacojs/graph'
import { passThrough } from './pass-through.js'

/** Some indices along one axis of a value are all that is read of it. */
interface Part {
  readonly axis: number
  readonly indices: readonly number[]
}

const same = (a: Part | undefined, b: Part): boolean =>
  a !== undefined && a.axis === b.axis && a.indices.join() === b.indices.join()

/**
 * Leaves out positions that nobody reads: a classifier that looks at its class token alone needs no other token after the
 * last attention. A choice of a few indices moves up through everything that works on each position by itself; the
 * results are the same numbers. Shapes must be concrete.
 */
export function narrowPositions(graph: Graph): Graph {
  const shapes = inferTypes(graph)
  const shapeOf = (name: string): readonly number[] => shapes.get(name)!.shape as number[]
  const chosen = choices(graph, shapeOf)
  if (chosen.size === 0) return graph

  // who asks for what, from the outputs up; `full`: somebody needs all of it
  const full = new Set(graph.outputs.map((o) => o.name))
  const parts = new Map<string, Part>()
  const ask = (name: string, part: Part | undefined): void => {
    if (name === '') return
    if (part === undefined || (parts.has(name) && !same(parts.get(name), part))) full.add(name)
    else parts.set(name, part)
  }
  const partOf = (name: string): Part | undefined => (full.has(name) ? undefined : parts.get(name))
  const requests = (node: Node, part: Part): (Part | undefined)[] | undefined =>
    passThrough(node, part.axis, shapeOf)?.map((axis) => (axis === undefined ? undefined : { ...part, axis }))
  for (const node of [...graph.nodes].reverse()) {
    const choice = chosen.get(node)
    const part = node.outputs.length === 1 ? partOf(node.outputs[0]!) : undefined
    const asked = part && requests(node, part)
    if (part && !asked) full.add(node.outputs[0]!)
    node.inputs.forEach((name, i) => ask(name, choice && i === 0 ? choice : asked?.[i]))
  }
  for (const name of graph.initializers.keys()) full.add(name)
  for (const { name } of graph.inputs) full.add(name)

  const initializers = new Map(graph.initializers)
  const nodes: Node[] = []
  const slices = new Map<string, string>()
  const constant = (name: string, values: readonly number[], shape: readonly number[] = [values.length]): string => {
    initializers.set(name, { tensor: int64(shape, values) })
    return name
  }
  /** The part of a value: the value itself where only that part of it was computed. */
  const narrowed = (name: string, part: Part): string => {
    if (partOf(name)) return name
    const key = `${name}[${part.axis}: ${part.indices.join()}]`
    if (!slices.has(key)) {
      nodes.push(
        makeNode('Gather', [name, constant(`${key} indices`, part.indices)], [key], {
          attributes: { axis: part.axis },
        }),
      )
      slices.set(key, key)
    }
    return slices.get(key)!
  }
  for (const node of graph.nodes) {
    const choice = chosen.get(node)
    if (choice && partOf(node.inputs[0]!)) {
      const wanted = indicesOf(graph, node)!.map((i) => choice.indices.indexOf(i))
      const { shape } = graph.initializers.get(node.inputs[1]!)!.tensor
      nodes.push({ ...node, inputs: [node.inputs[0]!, constant(`${node.outputs[0]} indices`, wanted, shape)] })
      continue
    }
    const part = node.outputs.length === 1 ? partOf(node.outputs[0]!) : undefined
    const asked = part && requests(node, part)
    if (!part || !asked) {
      nodes.push(node)
      continue
    }
    const inputs = node.inputs.map((name, i) => (asked[i] && name !== '' ? narrowed(name, asked[i]) : name))
    const shape = shapeOf(node.outputs[0]!).map((s, d) => (d === part.axis ? part.indices.length : s))
    if (node.op === 'Reshape') inputs[1] = constant(`${node.outputs[0]} shape`, shape)
    nodes.push({ ...node, inputs })
  }
  return createGraph({ ...graph, nodes, initializers })
}

/** The constant indices of a Gather along one axis, counted from its beginning. */
function indicesOf(graph: Graph, node: Node): number[] | undefined {
  const indices: Tensor | undefined = node.op === 'Gather' ? graph.initializers.get(node.inputs[1]!)?.tensor : undefined
  if (!indices || indices.data.length > 8 || indices.data.length === 0) return undefined
  const values = toNumbers(indices)
  return values.every((v) => v >= 0) ? values : undefined
}

/** Gathers that together read few positions of a value that nothing else reads, with all that they read. */
function choices(graph: Graph, shapeOf: (name: string) => readonly number[]): Map<Node, Part> {
  const users = new Map<string, Node[]>()
  for (const node of graph.nodes) for (const name of node.inputs) users.set(name, [...(users.get(name) ?? []), node])
  const outputs = new Set(graph.outputs.map((o) => o.name))
  const found = new Map<Node, Part>()
  for (const [value, nodes] of users) {
    if (value === '' || outputs.has(value) || graph.initializers.has(value)) continue
    const rank = shapeOf(value).length
    const axes = new Set(nodes.map((n) => (numberAttribute(n, 'axis', 0) + rank) % rank))
    const lists = nodes.map((n) => (n.inputs[0] === value ? indicesOf(graph, n) : undefined))
    if (axes.size !== 1 || lists.some((l) => l === undefined)) continue
    const axis = [...axes][0]!
    const indices = [...new Set(lists.flat() as number[])].sort((a, b) => a - b)
    if (indices.length * 2 > shapeOf(value)[axis]!) continue
    for (const node of nodes) found.set(node, { axis, indices })
  }
  return found
}
