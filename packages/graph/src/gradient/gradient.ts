import { TacoError } from '@tacojs/errors'
import type { Graph, Node, ValueType } from '../graph.js'
import { inferTypes } from '../infer.js'
import { mergeTransposes } from '../passes/merge-transposes.js'
import { removeDead } from '../passes/remove-dead.js'
import { Writer, type Contribution } from './context.js'
import { total } from './pieces.js'
import { rules } from './rules.js'

export interface GradientOptions {
  /** The value that is differentiated, logits for example. */
  readonly of: string
  /** The name of a new input with the shape of `of`: r, the factors of the sum Σ r·of whose gradient is taken. */
  readonly seed: string
  /** The values that the gradient is taken with respect to. */
  readonly wrt: readonly string[]
}

export interface Gradient {
  /** From the inputs and the seed to the gradients, in the order of `wrt`. */
  readonly graph: Graph
  /** The output that holds the gradient of each value; it has the value's shape. */
  readonly gradients: ReadonlyMap<string, string>
}

/**
 * The graph that computes ∂(Σ r·of)/∂v for each v of `wrt`, by reverse accumulation (Griewank & Walther 2008, chapter
 * 3): the nodes of the forward pass that are needed, and after them one group of nodes per node between `wrt` and `of`.
 * It has ordinary operators only, so that any backend can compile it. Weights that the backward pass has the same use
 * for are shared by name; those of convolutions are copied in another order. Axes, bounds and indices have to be
 * initializers, as `optimize` leaves them.
 *
 * @throws INVALID_ARGUMENT for a value that is unknown, not float32, or that `of` does not depend on
 * @throws UNSUPPORTED naming a node in between whose operator has no rule, or that computes in another type than float32
 */
export function gradient(graph: Graph, { of, seed, wrt }: GradientOptions): Gradient {
  const types = inferTypes(graph)
  for (const name of [of, ...wrt]) checkFloat(types, name)
  if (types.has(seed)) throw new TacoError('INVALID_ARGUMENT', `the graph has a value '${seed}' already`)
  const path = between(graph, types, of, wrt)
  const seeded = { ...graph, inputs: [...graph.inputs, { name: seed, ...types.get(of)! }] }
  const writer = new Writer(seeded, new Map(types).set(seed, types.get(of)!))
  const sums = backward(graph, types, writer, path, of, seed)

  const gradients = new Map<string, string>()
  const used = new Set([seed])
  for (const name of wrt) {
    let value = sums(name)
    if (!value) throw new TacoError('INVALID_ARGUMENT', `'${of}' does not depend on '${name}'`)
    if (used.has(value) || types.has(value)) value = writer.add(`${name}/gradient`, 'Identity', [value], {}, '')
    used.add(value)
    gradients.set(name, value)
  }
  const constants = [...writer.constants].map(([name, tensor]) => [name, { tensor }] as const)
  const whole: Graph = {
    ...seeded,
    outputs: [...gradients].map(([name, value]) => ({ name: value, ...types.get(name)! })),
    nodes: [...graph.nodes, ...writer.nodes],
    initializers: new Map([...graph.initializers, ...constants]),
  }
  return { graph: removeDead(mergeTransposes(whole)), gradients }
}

function checkFloat(types: ReadonlyMap<string, ValueType>, name: string): void {
  const type = types.get(name)
  if (!type) throw new TacoError('INVALID_ARGUMENT', `the graph has no value '${name}'`)
  if (type.dtype !== 'float32')
    throw new TacoError('INVALID_ARGUMENT', `'${name}' is ${type.dtype}; gradients are of float32 values`)
}

/** The float values that depend on `wrt` and that `of` depends on. */
function between(
  graph: Graph,
  types: ReadonlyMap<string, ValueType>,
  of: string,
  wrt: readonly string[],
): ReadonlySet<string> {
  const after = new Set(wrt)
  for (const node of graph.nodes) {
    if (!node.inputs.some((name) => after.has(name))) continue
    for (const name of node.outputs) if (/^float/.test(types.get(name)?.dtype ?? '')) after.add(name)
  }
  const before = new Set([of])
  for (const node of [...graph.nodes].reverse()) {
    if (node.outputs.some((name) => before.has(name))) for (const name of node.inputs) before.add(name)
  }
  return new Set([...after].filter((name) => before.has(name)))
}

/** Writes the backward pass; gives the gradient of each value on the path. */
function backward(
  graph: Graph,
  types: ReadonlyMap<string, ValueType>,
  writer: Writer,
  path: ReadonlySet<string>,
  of: string,
  seed: string,
): (name: string) => string | undefined {
  const contributions = new Map<string, Contribution[]>([[of, [seed]]])
  const sums = new Map<string, string>()
  const sum = (name: string): string | undefined => {
    const parts = contributions.get(name)
    if (!parts) return undefined
    let known = sums.get(name)
    if (!known) sums.set(name, (known = total(writer, name, types.get(name)!.shape, parts)))
    return known
  }
  for (const node of [...graph.nodes].reverse()) {
    const wanted = (name: string): boolean => path.has(name)
    if (!node.inputs.some(wanted) || !node.outputs.some((name) => contributions.has(name))) continue
    const other = node.inputs.find((name) => wanted(name) && types.get(name)!.dtype !== 'float32')
    if (other) writer.context(node, wanted).refuse(`its input '${other}' is ${types.get(other)!.dtype}`)
    differentiate(node, writer, wanted, node.outputs.map(sum)).forEach((part, i) => {
      const name = node.inputs[i]!
      if (part === null || !wanted(name)) return
      contributions.set(name, [...(contributions.get(name) ?? []), part])
    })
  }
  return sum
}

function differentiate(
  node: Node,
  writer: Writer,
  wanted: (name: string) => boolean,
  outputGradients: readonly (string | undefined)[],
): Contribution[] {
  const context = writer.context(node, wanted)
  const rule = rules[node.domain ? `${node.domain}.${node.op}` : node.op]
  if (!rule) return context.refuse('its operator has no rule')
  const parts = rule(node, context, outputGradients)
  return node.inputs.map((name, i) => {
    const part = parts[i]
    if (part !== undefined) return part
    return wanted(name) ? context.refuse(`there is no rule for its input '${name}'`) : null
  })
}
