import { TacoError } from '@tacojs/errors'
import type { Graph, Initializer, Node } from './graph.js'
import { inferTypes } from './infer.js'
import { numberAttribute } from './ops/attributes.js'
import { removeDead } from './passes/remove-dead.js'
import { int64, tensor, zeros, type Tensor } from './tensor.js'

/** Operators that work on each class by itself or on all alike: the way from a classifier layer to the logits. */
const transparent = new Set(['Identity', 'Flatten', 'Reshape', 'Squeeze', 'GlobalAveragePool', 'ReduceMean'])

/**
 * Keeps only the given classes, in the given order: rows of the last layer (all of them, where logits are a sum or
 * mean of several heads, as in distilled DeiT). Where no such layer can be traced from the output, the logits are
 * gathered instead, which is as exact and saves nothing. A Softmax after either then runs over the kept classes.
 *
 * @throws INVALID_ARGUMENT for an index outside of the classes, a repeated one, or none
 */
export function restrictHead(graph: Graph, classIndices: readonly number[]): Graph {
  const output = graph.outputs[0]!
  const classes = inferTypes(graph).get(output.name)!.shape[1]
  if (typeof classes !== 'number' || output.shape.length !== 2) {
    throw new TacoError(
      'UNSUPPORTED',
      `output '${output.name}' has the shape [${output.shape.join(', ')}]; logits are [N, classes]`,
    )
  }
  const wrong = classIndices.find((c) => !Number.isInteger(c) || c < 0 || c >= classes)
  if (wrong !== undefined)
    throw new TacoError('INVALID_ARGUMENT', `class ${wrong} is outside of the model's ${classes} classes`)
  if (classIndices.length === 0 || new Set(classIndices).size !== classIndices.length) {
    throw new TacoError('INVALID_ARGUMENT', 'the classes to keep are none, or one of them stands twice')
  }
  if (classIndices.length === classes && classIndices.every((c, i) => c === i)) return graph
  const outputs = [{ ...output, shape: [output.shape[0]!, classIndices.length] }, ...graph.outputs.slice(1)]
  const initializers = new Map<string, Initializer>(graph.initializers)
  if (restrictValue(graph, output.name, classIndices, classes, initializers)) {
    return removeDead({ ...graph, outputs, initializers })
  }
  const last = graph.nodes.find((node) => node.outputs.includes(output.name))
  return last && isSoftmax(last)
    ? gatheredBefore({ ...graph, outputs }, last, classIndices)
    : gathered({ ...graph, outputs }, output.name, classIndices)
}

/** Over classes, which are the last of two axes. */
const isSoftmax = (node: Node): boolean =>
  node.domain === '' &&
  ['Softmax', 'LogSoftmax'].includes(node.op) &&
  [1, -1].includes(numberAttribute(node, 'axis', -1))

/** Restricts what makes a value; false where it cannot (nothing is changed then that matters). */
function restrictValue(
  graph: Graph,
  value: string,
  kept: readonly number[],
  classes: number,
  initializers: Map<string, Initializer>,
): boolean {
  const node = graph.nodes.find((n) => n.outputs.includes(value))
  const uses = graph.nodes.filter((n) => n.inputs.includes(value)).length
  // what another node or another output has of it keeps its classes
  const shown = graph.outputs.filter((o) => o.name === value).length
  if (!node || uses + shown > 1) return false
  const follow = (name: string): boolean => restrictValue(graph, name, kept, classes, initializers)
  const rows = (name: string): boolean => {
    const initializer = graph.initializers.get(name)
    const exclusive = graph.nodes.filter((n) => n.inputs.includes(name)).length === 1
    if (!initializer || !exclusive || initializer.tensor.shape[0] !== classes) return false
    initializers.set(name, { tensor: gatherRows(initializer.tensor, kept) })
    return true
  }
  if (
    (node.op === 'Linear' && node.domain === 'ai.tacojs') ||
    (node.op === 'Conv' && (node.attributes['group'] ?? 1) === 1)
  ) {
    return node.inputs.slice(1).every(rows)
  }
  if (node.domain !== '') return false
  if (transparent.has(node.op)) {
    // a constant target shape may name the classes
    const shape = node.op === 'Reshape' ? graph.initializers.get(node.inputs[1]!)?.tensor : undefined
    if (shape) {
      // the same shape elsewhere may mean something else
      if (graph.nodes.filter((n) => n.inputs.includes(node.inputs[1]!)).length > 1) return false
      const data = (shape.data as BigInt64Array).map((d) => (d === BigInt(classes) ? BigInt(kept.length) : d))
      initializers.set(node.inputs[1]!, { tensor: tensor('int64', shape.shape, data) })
    }
    return follow(node.inputs[0]!)
  }
  if (isSoftmax(node)) return follow(node.inputs[0]!)
  if (['Add', 'Sum', 'Mean', 'Mul', 'Div'].includes(node.op)) {
    return node.inputs.every((name) => {
      const constant = graph.initializers.get(name)
      if (!constant) return follow(name)
      return constant.tensor.data.length === 1 || (constant.tensor.shape.length === 1 && rows(name))
    })
  }
  return false
}

function gatherRows<T extends Tensor>(t: T, kept: readonly number[]): Tensor {
  const size = t.data.length / t.shape[0]!
  const out = zeros(t.dtype, [kept.length, ...t.shape.slice(1)])
  const [to, from] = [out.data as Float32Array, t.data as Float32Array]
  kept.forEach((row, i) => to.set(from.subarray(row * size, (row + 1) * size), i * size))
  return out
}

/** The output takes the kept classes of what it was, which others still see whole. */
function gathered(graph: Graph, output: string, kept: readonly number[]): Graph {
  const { nodes, all } = setAside(graph, output)
  return withGather({ ...graph, nodes }, all, output, kept)
}

/** The output is a Softmax of the kept classes alone: gathered behind it they would be no distribution any more. */
function gatheredBefore(graph: Graph, softmax: Node, kept: readonly number[]): Graph {
  const output = softmax.outputs[0]!
  const few = `${output}.kept`
  const { nodes } = setAside(graph, output)
  const own: Node = { ...softmax, name: `${softmax.name}.kept`, inputs: [few], outputs: [output] }
  const restricted = withGather({ ...graph, nodes }, softmax.inputs[0]!, few, kept)
  return removeDead({ ...restricted, nodes: [...restricted.nodes, own] })
}

/** Another name for a value that the graph gives, wherever it stands. */
function setAside(graph: Graph, value: string): { nodes: Node[]; all: string } {
  const all = `${value}.all`
  const rename = (name: string): string => (name === value ? all : name)
  return {
    nodes: graph.nodes.map((n) => ({ ...n, inputs: n.inputs.map(rename), outputs: n.outputs.map(rename) })),
    all,
  }
}

function withGather(graph: Graph, from: string, to: string, kept: readonly number[]): Graph {
  const indices = `${to}.classes`
  const gather: Node = {
    name: `${to}.gather`,
    op: 'Gather',
    domain: '',
    inputs: [from, indices],
    outputs: [to],
    attributes: { axis: 1 },
  }
  const initializers = new Map(graph.initializers).set(indices, { tensor: int64([kept.length], kept) })
  return { ...graph, nodes: [...graph.nodes, gather], initializers }
}
