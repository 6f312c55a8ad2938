import type { Graph, Node, ValueType } from '../graph.js'
import { channelsAt, elementsAt, type Coupling, type Port } from './coupling.js'
import { couplings, dependsOnMarks } from './couplings.js'

/** Elements of one axis of a constant, as one node uses it. */
export interface Cut {
  readonly node: string
  /** Which input of the node the constant is. */
  readonly input: number
  readonly axis: number
  /** Ascending. */
  readonly indices: readonly number[]
}

/** All that goes together with some elements of one axis of a value. */
export interface Spread {
  /** Values that lose elements along an axis, ascending. */
  readonly values: ReadonlyMap<string, { readonly axis: number; readonly indices: readonly number[] }>
  readonly cuts: readonly Cut[]
  readonly producers: readonly string[]
  /** Whether some operator shares statistics between what goes and what stays. */
  readonly shared: boolean
}

/** Who makes and who uses each value of a graph. */
export interface Wiring {
  readonly graph: Graph
  readonly types: ReadonlyMap<string, ValueType>
  readonly touching: ReadonlyMap<string, readonly Node[]>
  /** Inputs and outputs of the graph: nothing of them can go. */
  readonly fixed: ReadonlySet<string>
  /** Couplings that were found already and hold whatever is marked. */
  readonly known: Map<Node, readonly Coupling[]>
}

export function wiring(graph: Graph, types: ReadonlyMap<string, ValueType>): Wiring {
  const touching = new Map<string, Node[]>()
  for (const node of graph.nodes) {
    for (const name of new Set([...node.inputs, ...node.outputs])) {
      if (name === '' || graph.initializers.has(name)) continue
      const nodes = touching.get(name)
      if (nodes) nodes.push(node)
      else touching.set(name, [node])
    }
  }
  const fixed = new Set([...graph.inputs, ...graph.outputs].map((value) => value.name))
  return { graph, types, touching, fixed, known: new Map() }
}

interface Marks {
  readonly axis: number
  readonly indices: Set<number>
}

const ascending = (indices: Iterable<number>): number[] => [...indices].sort((a, b) => a - b)

/**
 * Follows elements of one axis of a value through all operators, back to the layers that make them and on to the
 * layers that sum over them. Undefined where they cannot go: an operator mixes them with others, the graph's own
 * inputs or outputs would change, or more than one layer sums over them.
 */
export function spread(
  { graph, types, touching, fixed, known }: Wiring,
  seed: { readonly value: string; readonly axis: number; readonly indices: Iterable<number> },
): Spread | undefined {
  const values = new Map<string, Marks>()
  const constants = new Map<string, Marks & { node: string; input: number }>()
  const [producing, consuming] = [new Set<string>(), new Set<string>()]
  const waiting = new Set<Node>()
  let shared = false

  /** False where the value is marked along another axis already. */
  const mark = <M extends Marks>(map: Map<string, M>, key: string, fresh: M, indices: Iterable<number>): boolean => {
    const marks = map.get(key) ?? fresh
    if (marks.axis !== fresh.axis || fixed.has(key)) return false
    const before = marks.indices.size
    for (const index of indices) marks.indices.add(index)
    map.set(key, marks)
    if (marks.indices.size > before) for (const node of touching.get(key) ?? []) waiting.add(node)
    return true
  }
  const follow = (node: Node, { size, ports, layer, shared: statistics }: Coupling): boolean => {
    const channels = new Set<number>()
    for (const port of ports) {
      const marks = values.get(port.value)
      if (marks?.axis === port.axis) for (const c of channelsAt(port, size, marks.indices)) channels.add(c)
    }
    if (channels.size === 0) return true
    if (layer === 'producer') producing.add(node.name)
    if (layer === 'consumer') consuming.add(node.name)
    if (statistics) shared = true
    return ports.every((port) => {
      const fresh = { axis: port.axis, indices: new Set<number>() }
      const elements = elementsAt(port, size, channels)
      if (!graph.initializers.has(port.value)) return mark(values, port.value, fresh, elements)
      const input = port.input!
      return mark(constants, `${node.name}:${input}`, { ...fresh, node: node.name, input }, elements)
    })
  }

  mark(values, seed.value, { axis: seed.axis, indices: new Set() }, seed.indices)
  // what is added on the way is visited as well
  for (const node of waiting) {
    waiting.delete(node)
    const found = known.get(node) ?? couplings(node, { graph, types, marked: (value) => values.get(value) })
    if (!dependsOnMarks(node)) known.set(node, found)
    const at = (value: string, input: number): boolean => {
      const marks = values.get(value)
      const is = (port: Port): boolean =>
        port.value === value && port.axis === marks!.axis && (port.input ?? node.inputs.indexOf(value)) === input
      return !marks || found.some(({ ports }) => ports.some(is))
    }
    // a value may have several roles, of which only one lets it lose elements
    const covered = node.inputs.every(at) && node.outputs.every((value) => at(value, -1))
    if (!covered || !found.every((coupling) => follow(node, coupling)) || consuming.size > 1) return undefined
  }
  return {
    values: new Map([...values].map(([name, { axis, indices }]) => [name, { axis, indices: ascending(indices) }])),
    cuts: [...constants.values()].map((cut) => ({ ...cut, indices: ascending(cut.indices) })),
    producers: [...producing],
    shared,
  }
}
