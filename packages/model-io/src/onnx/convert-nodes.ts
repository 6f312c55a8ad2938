import { inferTypes, type Node, type Tensor, type ValueInfo } from '@tacojs/graph'
import { checkOperator } from './check.js'
import { converterOf, type ConvertContext, type Converted } from './convert/index.js'
import type { Flat, RawNode } from './flatten.js'

/**
 * The nodes of a flat graph in the form that graphs have. Constants that this makes are added to `flat.constants`.
 * `outputs` are the names of the values that the graph hands out.
 */
export function convertNodes(flat: Flat, inputs: readonly ValueInfo[], outputs: readonly string[]): Node[] {
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
  const converted: Converted[] = []
  const context: ConvertContext = {
    constant: (name) => constants.get(name),
    setConstant: (name, tensor) => void constants.set(name, tensor),
    producer: (name) => producers.get(name),
    consumers: (name) => consumers.get(name) ?? [],
    isOutput: (name) => ends.has(name),
    freshName: (wanted) => freshName(taken, wanted),
    addConstant(wanted, tensor) {
      const name = freshName(taken, wanted)
      constants.set(name, tensor)
      return name
    },
    typeOf: (name) => typesSoFar(converted, constants, inputs).get(name)!,
  }
  for (const node of raw) {
    for (const next of converterOf(node.op)(node, context)) {
      checkOperator(next, node)
      converted.push(next)
    }
  }
  return named(converted)
}

const typesSoFar = (nodes: readonly Node[], constants: ReadonlyMap<string, Tensor>, inputs: readonly ValueInfo[]) =>
  inferTypes({
    name: '',
    inputs,
    outputs: [],
    nodes,
    initializers: new Map([...constants].map(([name, tensor]) => [name, { tensor }])),
  })

/** Every node gets a name of its own; the first of several with the same name keeps it. */
function named(nodes: readonly Converted[]): Node[] {
  const taken = new Set(nodes.map((n) => n.name))
  const given = new Set([''])
  return nodes.map((n, i) => {
    const name = given.has(n.name) ? freshName(taken, n.name || `${n.op}_${i}`) : n.name
    given.add(name)
    return { ...n, name }
  })
}

function freshName(taken: Set<string>, wanted: string): string {
  let name = wanted
  for (let i = 2; taken.has(name); i++) name = `${wanted}_${i}`
  taken.add(name)
  return name
}
