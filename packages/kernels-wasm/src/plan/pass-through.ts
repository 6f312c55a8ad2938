import { numberAttribute, type Node } from '@tacojs/graph'
import { functions } from '../lower/functions.js'

const elementwise = new Set([...functions, 'Identity', 'Dropout'])
const broadcasting = new Set(['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'Pow'])

const axisOf = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis)

/**
 * For a node whose output is wanted at some indices of `axis` only: along which axis each input is then wanted
 * (undefined: all of it). Undefined when the node needs everything.
 */
export function passThrough(
  node: Node,
  axis: number,
  shapeOf: (name: string) => readonly number[],
): (number | undefined)[] | undefined {
  const rank = shapeOf(node.outputs[0]!).length
  const onlyFirst = node.inputs.map((_, i) => (i === 0 ? axis : undefined))
  if (elementwise.has(node.op)) return onlyFirst
  if (broadcasting.has(node.op)) {
    const size = shapeOf(node.outputs[0]!)[axis]!
    return node.inputs.map((name) => {
      const shape = shapeOf(name)
      const own = axis - (rank - shape.length)
      return own >= 0 && shape[own] === size ? own : undefined
    })
  }
  switch (node.op) {
    case 'Linear':
    case 'LayerScale':
      return axis < rank - 1 ? onlyFirst : undefined
    case 'MatMul':
      return axis < rank - 1 && shapeOf(node.inputs[1]!).length === 2 && shapeOf(node.inputs[0]!).length === rank
        ? onlyFirst
        : undefined
    case 'LayerNormalization':
      return axis < axisOf(numberAttribute(node, 'axis', -1), rank) ? onlyFirst : undefined
    case 'Softmax':
      return axis !== axisOf(numberAttribute(node, 'axis', -1), rank) ? onlyFirst : undefined
    case 'Attention': {
      if (axis !== rank - 2) return undefined
      const bias = node.inputs[3] ? shapeOf(node.inputs[3]) : []
      const biasAxis = bias.length >= 2 && bias[bias.length - 2] !== 1 ? bias.length - 2 : undefined
      return node.inputs.map((_, i) => (i === 0 ? axis : i === 3 ? biasAxis : undefined))
    }
    case 'Transpose': {
      const perm = (node.attributes.perm as readonly number[] | undefined) ?? [...Array(rank).keys()].reverse()
      return [perm[axis]!]
    }
    case 'Reshape': {
      const before = (shape: readonly number[], d: number): number => shape.slice(0, d).reduce((a, b) => a * b, 1)
      const [from, to] = [shapeOf(node.inputs[0]!), shapeOf(node.outputs[0]!)]
      const own = from.findIndex((size, d) => size === to[axis] && before(from, d) === before(to, axis))
      return own < 0 ? undefined : [own, undefined]
    }
    default:
      return undefined
  }
}
