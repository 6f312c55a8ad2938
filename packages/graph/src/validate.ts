import { TacoError } from '@tacojs/errors'
import type { Graph, Node } from './graph.js'
import type { OpDefinition } from './ops/definition.js'
import { opDefinition } from './ops/index.js'
import { sizeOf } from './tensor.js'

const invalid = (message: string): never => {
  throw new TacoError('INVALID_MODEL', message)
}

/**
 * Structure only: names are unique, every value is made once and before it is used, operators are known and have as
 * many inputs and outputs as they take. Shapes are `inferTypes`' concern.
 *
 * @throws INVALID_MODEL, UNSUPPORTED (an unknown operator)
 */
export function validateGraph(graph: Graph): void {
  const made = new Set<string>()
  const make = (name: string, by: string): void => {
    if (made.has(name)) invalid(`the value '${name}' is made twice, the second time by ${by}`)
    made.add(name)
  }
  for (const { name, shape } of graph.inputs) {
    make(name, 'a graph input')
    if (shape.some((dim) => typeof dim === 'number' && (dim < 0 || !Number.isInteger(dim)))) {
      invalid(`input '${name}' has the shape [${shape.join(', ')}]`)
    }
  }
  for (const [name, { tensor }] of graph.initializers) {
    make(name, 'an initializer')
    const { shape, data } = tensor
    if (shape.some((d) => !Number.isSafeInteger(d) || d < 0) || sizeOf(shape) !== data.length)
      invalid(`initializer '${name}' of shape [${shape.join(', ')}] holds ${data.length} elements`)
  }
  const names = new Set<string>()
  const laterOutputs = new Map(graph.nodes.flatMap((n) => n.outputs.map((o) => [o, n] as const)))
  for (const node of graph.nodes) {
    if (names.has(node.name)) invalid(`two nodes are named '${node.name}'`)
    names.add(node.name)
    checkSignature(node)
    for (const input of node.inputs) {
      if (input === '' || made.has(input)) continue
      const producer = laterOutputs.get(input)
      if (!producer) invalid(`node '${node.name}' (${node.op}) uses the value '${input}', which nothing makes`)
      invalid(
        `node '${node.name}' uses '${input}' before node '${producer!.name}' makes it: the graph has a cycle or is not sorted`,
      )
    }
    for (const output of node.outputs) if (output !== '') make(output, `node '${node.name}'`)
  }
  if (graph.outputs.length === 0) invalid('the graph has no output')
  for (const { name } of graph.outputs) if (!made.has(name)) invalid(`the graph's output '${name}' is made by nothing`)
}

/**
 * The definition of a node's operator, which the node has as many inputs and outputs as. Throws UNSUPPORTED,
 * INVALID_MODEL.
 */
export function checkSignature(node: Node): OpDefinition {
  const definition = opDefinition(node.op, node.domain)
  if (!definition) {
    const full = node.domain ? `${node.domain}.${node.op}` : node.op
    throw new TacoError('UNSUPPORTED', `operator '${full}' of node '${node.name}' is not supported`)
  }
  const check = (what: string, count: number, [least, most]: readonly [number, number]): void => {
    if (count < least || count > most)
      invalid(`node '${node.name}' (${node.op}) has ${count} ${what}; it takes ${least} to ${most}`)
  }
  check('inputs', node.inputs.length, definition.inputs)
  check('outputs', node.outputs.length, definition.outputs)
  // where any number is taken, none is optional
  const needed = definition.inputs[1] === Infinity ? node.inputs.length : definition.inputs[0]
  for (let i = 0; i < needed; i++) {
    if (node.inputs[i] === '') invalid(`input ${i} of node '${node.name}' (${node.op}) is not optional`)
  }
  return definition
}
