import { TacoError } from '@tacojs/errors'
import { compatible, showShape } from './dims.js'
import type { Dim, Graph, Node, ValueInfo, ValueType } from './graph.js'
import type { OpDefinition } from './ops/definition.js'
import { propagate, type Elements } from './symbolic.js'
import { fromNumbers, sizeOf, toNumbers, type Tensor } from './tensor.js'
import { checkSignature } from './validate.js'

export interface Analysis {
  /** Type of every value, initializers included. */
  readonly types: ReadonlyMap<string, ValueType>
  /** Elements of small values of whole numbers, as far as they are known; symbolic dimensions among them. */
  readonly elements: ReadonlyMap<string, Elements>
}

/** Tensors longer than this are weights or indices, not shapes or what shapes are computed from. */
const LONGEST_SHAPE = 64

const isInteger = (dtype: string): boolean => /^u?int|bool/.test(dtype)

/** What is known of the values of a network that is given node by node, in topological order. */
export interface Analyzer {
  readonly types: ReadonlyMap<string, ValueType>
  readonly elements: ReadonlyMap<string, Elements>
  /** Infers the types of a node's outputs, and their elements where they are small and known. */
  add(node: Node): void
  /** The value of a constant, or of what small arithmetic makes of constants and known sizes. */
  constant(name: string): Tensor | undefined
}

/**
 * Static shape inference with symbolic dimensions, and the shape arithmetic that goes with it. `initializer` is asked
 * when a node uses a value that nothing has made.
 *
 * `add` throws SHAPE_MISMATCH, INVALID_MODEL, UNSUPPORTED naming the node.
 */
export function createAnalyzer(
  inputs: readonly ValueInfo[],
  initializer: (name: string) => Tensor | undefined,
): Analyzer {
  const types = new Map<string, ValueType>()
  const elements = new Map<string, Elements>()
  // what is computed from constants alone: also floats on the way (square roots of sizes, scales)
  const computed = new Map<string, Tensor>()
  for (const { name, dtype, shape } of inputs) types.set(name, { dtype, shape })
  const typeOf = (name: string, user: string): ValueType => {
    if (!types.has(name)) {
      const tensor = initializer(name)
      if (!tensor) {
        throw new TacoError('INVALID_MODEL', `node '${user}' uses the value '${name}', which nothing makes before it`)
      }
      types.set(name, { dtype: tensor.dtype, shape: tensor.shape })
      const known = elementsOf(tensor)
      if (known) elements.set(name, known)
    }
    return types.get(name)!
  }
  const constant = (name: string | undefined): Tensor | undefined => {
    if (!name) return undefined
    const known = computed.get(name) ?? initializer(name)
    if (known) return known
    const e = elements.get(name)
    if (!e || e.values.some((v) => typeof v === 'string')) return undefined
    return fromNumbers(types.get(name)!.dtype, e.rank === 0 ? [] : [e.values.length], e.values as number[])
  }
  const add = (node: Node): void => {
    const definition = checkSignature(node)
    const given = node.inputs.map((name) => (name === '' ? undefined : typeOf(name, node.name)))
    const outputs = definition.infer({
      node,
      inputs: given,
      constant: (i) => constant(node.inputs[i]),
      elements: (i) => elements.get(node.inputs[i] ?? '')?.values,
    })
    node.outputs.forEach((name, i) => {
      if (name !== '') types.set(name, checkDims(outputs[i]!, node))
    })
    const values = evaluateSmall(definition, node, outputs, (i) => constant(node.inputs[i]))
    if (values) {
      node.outputs.forEach((name, i) => {
        if (name === '') return
        computed.set(name, values[i]!)
        const known = elementsOf(values[i]!)
        if (known) elements.set(name, known)
      })
      return
    }
    const [output] = outputs
    if (output && (isInteger(output.dtype) || carries.has(node.op))) {
      const found = propagate(
        node,
        given,
        node.inputs.map((name) => elements.get(name)),
      )
      if (found) elements.set(node.outputs[0]!, found)
    }
  }
  return { types, elements, add, constant }
}

/** Operators through which whole numbers stay what they are also as floats, as torch.export casts sizes back and forth. */
const carries: ReadonlySet<string> = new Set(['Cast', 'Concat', 'Identity'])

/** All of a graph by `createAnalyzer`. Throws as that does, SHAPE_MISMATCH also for outputs that are not as declared. */
export function analyze(graph: Graph): Analysis {
  const { types, elements, add } = createAnalyzer(graph.inputs, (name) => graph.initializers.get(name)?.tensor)
  for (const node of graph.nodes) add(node)
  const all = new Map(types)
  for (const [name, { tensor }] of graph.initializers) {
    if (!all.has(name)) all.set(name, { dtype: tensor.dtype, shape: tensor.shape })
  }
  for (const { name, dtype, shape } of graph.outputs) checkOutput(name, { dtype, shape }, all.get(name))
  return { types: all, elements }
}

function elementsOf(tensor: Tensor): Elements | undefined {
  if (tensor.shape.length > 1 || tensor.data.length > LONGEST_SHAPE) return undefined
  const values = toNumbers(tensor)
  if (!isInteger(tensor.dtype) && !values.every(Number.isSafeInteger)) return undefined
  return { rank: tensor.shape.length as 0 | 1, values }
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
