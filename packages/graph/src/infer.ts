import { TacoError } from '@tacojs/errors'
import { compatible, showShape } from './dims.js'
import type { Dim, Graph, Node, ValueType } from './graph.js'
import type { OpDefinition } from './ops/definition.js'
import { propagate, type Elements } from './symbolic.js'
import { fromNumbers, sizeOf, toNumbers, type Tensor } from './tensor.js'
import { checkSignature } from './validate.js'

export interface Analysis {
  /** Type of every value, initializers included. */
  readonly types: ReadonlyMap<string, ValueType>
  /** Elements of small integer values, as far as they are known; symbolic dimensions among them. */
  readonly elements: ReadonlyMap<string, Elements>
}

/** Tensors longer than this are weights or indices, not shapes or what shapes are computed from. */
const LONGEST_SHAPE = 64

const isInteger = (dtype: string): boolean => /^u?int|bool/.test(dtype)

/**
 * Static shape inference with symbolic dimensions, and the shape arithmetic that goes with it.
 *
 * @throws SHAPE_MISMATCH, INVALID_MODEL, UNSUPPORTED naming the node
 */
export function analyze(graph: Graph): Analysis {
  const types = new Map<string, ValueType>()
  const elements = new Map<string, Elements>()
  // what is computed from constants alone: also floats on the way (square roots of sizes, scales)
  const computed = new Map<string, Tensor>()
  for (const { name, dtype, shape } of graph.inputs) types.set(name, { dtype, shape })
  for (const [name, { tensor }] of graph.initializers) {
    types.set(name, { dtype: tensor.dtype, shape: tensor.shape })
    const known = elementsOf(tensor)
    if (known) elements.set(name, known)
  }
  const constant = (name: string | undefined): Tensor | undefined => {
    if (!name) return undefined
    const known = graph.initializers.get(name)?.tensor ?? computed.get(name)
    if (known) return known
    const e = elements.get(name)
    if (!e || e.values.some((v) => typeof v === 'string')) return undefined
    return fromNumbers(types.get(name)!.dtype, e.rank === 0 ? [] : [e.values.length], e.values as number[])
  }
  for (const node of graph.nodes) {
    const definition = checkSignature(node)
    const inputs = node.inputs.map((name) => (name === '' ? undefined : typeOf(types, name, node.name)))
    const outputs = definition.infer({
      node,
      inputs,
      constant: (i) => constant(node.inputs[i]),
      elements: (i) => elements.get(node.inputs[i] ?? '')?.values,
    })
    node.outputs.forEach((name, i) => {
      if (name !== '') types.set(name, checkDims(outputs[i]!, node))
    })
    const values = evaluateSmall(definition, node, outputs, (i) => constant(node.inputs[i]))
    if (values) {
      node.outputs.forEach((name, i) => {
        computed.set(name, values[i]!)
        const known = elementsOf(values[i]!)
        if (known) elements.set(name, known)
      })
      continue
    }
    const [output] = outputs
    if (output && isInteger(output.dtype)) {
      const found = propagate(
        node,
        inputs,
        node.inputs.map((name) => elements.get(name)),
      )
      if (found) elements.set(node.outputs[0]!, found)
    }
  }
  for (const { name, dtype, shape } of graph.outputs) checkOutput(name, { dtype, shape }, types.get(name))
  return { types, elements }
}

function elementsOf(tensor: Tensor): Elements | undefined {
  if (!isInteger(tensor.dtype) || tensor.shape.length > 1 || tensor.data.length > LONGEST_SHAPE) return undefined
  return { rank: tensor.shape.length as 0 | 1, values: toNumbers(tensor) }
}

/** The node's outputs, where all its inputs are known and both are small. */
function evaluateSmall(
  definition: OpDefinition,
  node: Node,
  outputs: readonly ValueType[],
  constant: (i: number) => Tensor | undefined,
): Tensor[] | undefined {
  const small = ({ shape }: ValueType): boolean =>
    shape.every((d) => typeof d === 'number') && sizeOf(shape as number[]) <= LONGEST_SHAPE
  if (!definition.evaluate || !outputs.every(small)) return undefined
  const inputs: (Tensor | undefined)[] = []
  for (const [i, name] of node.inputs.entries()) {
    const value = name === '' ? undefined : constant(i)
    if (name !== '' && (!value || value.data.length > LONGEST_SHAPE)) return undefined
    inputs.push(value)
  }
  return definition.evaluate(node, inputs)
}

/** What no operator may give: sizes that are negative or not whole, as damaged models lead to. */
function checkDims(type: ValueType, node: Node): ValueType {
  if (type.shape.some((d) => typeof d === 'number' && !(Number.isSafeInteger(d) && d >= 0))) {
    throw new TacoError(
      'SHAPE_MISMATCH',
      `node '${node.name}' (${node.op}) would give the shape ${showShape(type.shape)}`,
    )
  }
  return type
}

function typeOf(types: ReadonlyMap<string, ValueType>, name: string, user: string): ValueType {
  const type = types.get(name)
  if (!type)
    throw new TacoError('INVALID_MODEL', `node '${user}' uses the value '${name}', which nothing makes before it`)
  return type
}

function checkOutput(name: string, declared: ValueType, found: ValueType | undefined): void {
  if (!found) throw new TacoError('INVALID_MODEL', `the graph's output '${name}' is made by nothing`)
  const fits = (a: readonly Dim[], b: readonly Dim[]): boolean =>
    a.length === b.length && a.every((d, i) => compatible(d, b[i]!))
  if (!fits(declared.shape, found.shape)) {
    throw new TacoError(
      'SHAPE_MISMATCH',
      `output '${name}' is declared as ${showShape(declared.shape)}, but the graph gives ${showShape(found.shape)}`,
    )
  }
}

/** Type of every value. Throws as `analyze` does. */
export const inferTypes = (graph: Graph): ReadonlyMap<string, ValueType> => analyze(graph).types
