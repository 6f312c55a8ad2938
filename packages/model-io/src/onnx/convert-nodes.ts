import { TacoError } from '@tacojs/errors'
import {
  createAnalyzer,
  toNumbers,
  type Analyzer,
  type Node,
  type Tensor,
  type ValueInfo,
  type ValueType,
} from '@tacojs/graph'
import { checkOperator } from './check.js'
import { converterOf, type ConvertContext, type Converted } from './convert/index.js'
import type { Flat, RawNode } from './flatten.js'
import { freshNames } from './names.js'

/**
 * The nodes of a flat graph in the form that graphs have. Constants that this makes are added to `flat.constants`.
 * `outputs` are the names of the values that the graph hands out.
 */
export const convertNodes = (
  flat: Flat,
  inputs: readonly ValueInfo[],
  outputs: readonly string[],
  budget: Budget,
): Node[] => named(convert(flat, inputs, outputs, budget).converted)

/** What constants that are not in the file may still take. */
export interface Budget {
  bytes: number
}

/** What is known of a value before the whole graph is: by the nodes that it needs. Nothing is added to `flat`. */
export function probe(flat: Flat, inputs: readonly ValueInfo[], name: string, budget: Budget): Probe {
  const known = flat.constants.get(name)
  if (known) return { value: known, type: known, cost: 1 }
  const nodes = neededFor(name, flat.nodes)
  const { context } = convert({ nodes, constants: new Map(flat.constants) }, inputs, [name], { ...budget })
  return { value: context.value(name), type: context.typeOf(name), cost: nodes.length }
}

export interface Probe {
  readonly value: Tensor | undefined
  readonly type: ValueType
  /** Nodes that were looked at. */
  readonly cost: number
}

/** The nodes, of a sorted list, that a value is computed by. */
function neededFor(name: string, nodes: readonly RawNode[]): RawNode[] {
  const wanted = new Set([name])
  return nodes
    .toReversed()
    .filter((node) => {
      const needed = node.outputs.some((output) => output !== '' && wanted.has(output))
      if (needed) for (const input of node.inputs) wanted.add(input)
      return needed
    })
    .reverse()
}

function convert(flat: Flat, inputs: readonly ValueInfo[], outputs: readonly string[], budget: Budget) {
  const { nodes: raw, constants } = flat
  const producers = new Map<string, RawNode>()
  const consumers = new Map<string, RawNode[]>()
  for (const node of raw) {
    for (const output of node.outputs) producers.set(output, node)
    for (const input of node.inputs) {
      const users = consumers.get(input)
      if (users) users.push(node)
      else consumers.set(input, [node])
    }
  }
  const ends = new Set(outputs)
  const taken = new Set([...ends, ...inputs.map((v) => v.name), ...constants.keys(), ...producers.keys()])
  const fresh = freshNames(taken)
  const converted: Converted[] = []
  const analyzer = createAnalyzer(inputs, (name) => constants.get(name))
  let analyzed = 0
  /** Analyses what was converted since the last time. */
  const upToNow = (): Analyzer => {
    for (; analyzed < converted.length; analyzed++) {
      const next = converted[analyzed]!
      analyzer.add({ ...next, name: next.name || (next.outputs[0] ?? '') })
    }
    return analyzer
  }
  const context: ConvertContext = {
    constant: (name) => constants.get(name),
    setConstant: (name, tensor) => void constants.set(name, tensor),
    producer: (name) => producers.get(name),
    consumers: (name) => consumers.get(name) ?? [],
    isOutput: (name) => ends.has(name),
    freshName: fresh,
    addConstant(wanted, tensor) {
      const name = fresh(wanted)
      budget.bytes -= tensor.data.byteLength
      if (budget.bytes < 0) {
        throw new TacoError('UNSUPPORTED', `the model is far larger than its file when written out, at "${wanted}"`)
      }
      constants.set(name, tensor)
      return name
    },
    typeOf(name) {
      const { types } = upToNow()
      const type = types.get(name) ?? constants.get(name)
      if (!type) throw new TacoError('INVALID_MODEL', `value "${name}" is used, but nothing makes it before that`)
      return { dtype: type.dtype, shape: type.shape }
    },
    elements(name) {
      const known = constants.get(name)
      return known ? toNumbers(known) : upToNow().elements.get(name)?.values
    },
    value: (name) => constants.get(name) ?? upToNow().constant(name),
  }
  for (const node of raw) {
    for (const next of converterOf(node.op)(node, context)) {
      checkOperator(next, node)
      converted.push(next)
    }
  }
  return { converted, context }
}

/** Every node gets a name of its own; the first of several with the same name keeps it. */
function named(nodes: readonly Converted[]): Node[] {
  const fresh = freshNames(new Set(nodes.map((n) => n.name)))
  const given = new Set([''])
  return nodes.map((n, i) => {
    const name = given.has(n.name) ? fresh(n.name || `${n.op}_${i}`) : n.name
    given.add(name)
    return { ...n, name }
  })
}
