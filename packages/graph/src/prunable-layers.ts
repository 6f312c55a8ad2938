import type { Graph, Node } from './graph.js'
import { layerName } from './layer-name.js'
import { numberAttribute } from './ops/attributes.js'

/** A layer with a constant weight matrix: what the solver prunes. */
export interface PrunableLayer {
  /** Name of the node. */
  readonly node: string
  /** Unique; as the model's framework names the layer. */
  readonly name: string
  readonly kind: 'Linear' | 'Conv'
  /** Initializers; the weight is [rows, cols] for Linear and [rows, cols…] for Conv. */
  readonly weight: string
  readonly bias?: string
  /** Outputs of the layer, all groups together. */
  readonly rows: number
  /** Inputs of one row: input channels of a group times the kernel's size. */
  readonly cols: number
  readonly groups: number
}

/**
 * The layers that pruning is for, found by structure, not by name: those inside residual blocks (a skip around them
 * meets their branch again in an Add), and those between the first and the last such Add (downsampling between stages).
 * Left out are what comes before the first residual block (the stem), what comes after the last (the head), depthwise
 * convolutions, and branches that only gate another one (squeeze-excite). A network without residual blocks: all but
 * the first and the last.
 *
 * @param options.all every layer with a constant weight instead
 */
export function prunableLayers(graph: Graph, options: { readonly all?: boolean } = {}): PrunableLayer[] {
  const layers = constantLayers(graph)
  if (options.all) return layers
  const candidates = layers.filter((layer) => layer.groups === 1 || layer.cols > kernelSize(graph, layer))
  const region = residualRegion(graph)
  if (!region) {
    const order = layers.map((layer) => layer.node)
    return candidates.filter((layer) => layer.node !== order[0] && layer.node !== order[order.length - 1])
  }
  return candidates.filter((layer) => region.has(layer.node))
}

const kernelSize = (graph: Graph, { weight }: PrunableLayer): number =>
  graph.initializers
    .get(weight)!
    .tensor.shape.slice(2)
    .reduce((a, b) => a * b, 1)

function constantLayers(graph: Graph): PrunableLayer[] {
  const names = new Set<string>()
  return graph.nodes.flatMap((node): PrunableLayer[] => {
    const kind =
      node.op === 'Linear' && node.domain === 'ai.tacojs' ? 'Linear' : node.op === 'Conv' ? 'Conv' : undefined
    const [, weight, bias] = node.inputs
    const tensor = kind && weight ? graph.initializers.get(weight)?.tensor : undefined
    if (!kind || !tensor || tensor.dtype !== 'float32' || (bias && !graph.initializers.has(bias))) return []
    const stem = layerName(node.name, weight!, bias)
    let name = stem
    for (let i = 2; names.has(name); i++) name = `${stem}.${i}`
    names.add(name)
    return [
      {
        node: node.name,
        name,
        kind,
        weight: weight!,
        ...(bias ? { bias } : {}),
        rows: tensor.shape[0]!,
        cols: tensor.shape.slice(1).reduce((a, b) => a * b, 1),
        groups: kind === 'Conv' ? numberAttribute(node, 'group', 1) : 1,
      },
    ]
  })
}

/** Names of the nodes inside residual blocks or between them; undefined for a network without any. */
function residualRegion(graph: Graph): Set<string> | undefined {
  const position = new Map(graph.nodes.map((node, i) => [node, i]))
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map((o) => [o, node] as const)))
  const ancestors = ancestorSets(graph, producers)
  const inside = new Set<Node>()
  const joins: Node[] = []
  let firstFork = Infinity
  for (const add of graph.nodes) {
    if (add.op !== 'Add' || add.domain !== '') continue
    const [left, right] = add.inputs.map((name) => producers.get(name))
    const [a, b] = add.inputs.map((name) => withSelf(producers.get(name), ancestors))
    if (!a || !b || (!left && !right)) continue
    const branch = [...a, ...b].filter((node) => !(a.has(node) && b.has(node)))
    const weighted = branch.some(hasWeight)
    const shared =
      [...a].some((node) => b.has(node)) || add.inputs.some((name) => graph.inputs.some((i) => i.name === name))
    // two heads that are averaged meet in an Add as well: no skip goes around either, and no layer follows
    const skipped = [a, b].some((side) => ![...side].some((node) => hasWeight(node) && branch.includes(node)))
    const followed = graph.nodes.some((node) => hasWeight(node) && ancestors.get(node)!.has(add))
    if (!weighted || !shared || !(skipped || followed)) continue
    joins.push(add)
    for (const node of branch) {
      inside.add(node)
      firstFork = Math.min(firstFork, position.get(node)!)
    }
  }
  if (joins.length === 0) return undefined
  const lastJoin = position.get(joins[joins.length - 1]!)!
  const gates = gating(graph, producers)
  const names = graph.nodes
    .filter((node, i) => (inside.has(node) || (i > firstFork && i < lastJoin)) && !gates.has(node))
    .map((node) => node.name)
  return new Set(names)
}

const hasWeight = (node: Node): boolean => node.op === 'Linear' || node.op === 'Conv'

function withSelf(node: Node | undefined, ancestors: ReadonlyMap<Node, ReadonlySet<Node>>): Set<Node> | undefined {
  return node ? new Set([...ancestors.get(node)!, node]) : undefined
}

function ancestorSets(graph: Graph, producers: ReadonlyMap<string, Node>): Map<Node, Set<Node>> {
  const sets = new Map<Node, Set<Node>>()
  for (const node of graph.nodes) {
    const own = new Set<Node>()
    for (const name of node.inputs) {
      const producer = producers.get(name)
      if (!producer) continue
      own.add(producer)
      for (const ancestor of sets.get(producer)!) own.add(ancestor)
    }
    sets.set(node, own)
  }
  return sets
}

/** Nodes from which every way leads through a sigmoid into a Mul: the gates of squeeze-excite. */
function gating(graph: Graph, producers: ReadonlyMap<string, Node>): Set<Node> {
  const gates = new Set<Node>()
  for (const node of graph.nodes) {
    if (node.op !== 'Mul' || node.domain !== '') continue
    for (const name of node.inputs) {
      // efficient channel attention reshapes its gate between the sigmoid and the Mul
      let gate = producers.get(name)
      while (gate && ['Reshape', 'Unsqueeze', 'Expand'].includes(gate.op)) gate = producers.get(gate.inputs[0]!)
      if (gate?.op !== 'Sigmoid' && gate?.op !== 'HardSigmoid') continue
      // up to the pooling that feeds the gate; a SiLU's sigmoid has no layer of its own before its Mul's other input
      const other = producers.get(node.inputs[node.inputs[0] === name ? 1 : 0]!)
      let at: Node | undefined = gate
      const chain: Node[] = []
      while (at && at !== other && !['GlobalAveragePool', 'ReduceMean'].includes(at.op)) {
        chain.push(at)
        at = producers.get(at.inputs[0]!)
      }
      if (at && at !== other) for (const n of chain) gates.add(n)
    }
  }
  return gates
}
