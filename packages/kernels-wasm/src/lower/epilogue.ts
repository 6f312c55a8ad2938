import { numberAttribute, stringAttribute, toNumbers, type Node } from '@tacojs/graph'
import { isWhole, type View } from '../layout/view.js'
import { Unary } from '../opcodes.js'
import type { Planner } from '../plan/planner.js'
import { onSameGrid, sameGrid } from './place.js'
import type { Uses } from '../plan/uses.js'

/** What follows a product of matrices in the same command: activation(scale · (W · X + bias) + shift + residual). */
export interface Epilogue {
  /** What changes the packed weights, and the bias of this node. */
  readonly key: string
  readonly scale?: ArrayLike<number>
  readonly shift?: ArrayLike<number>
  readonly residual?: View
  readonly activation: Unary
  readonly a: number
  readonly b: number
  /** The value that the whole chain makes, and the nodes that it replaces. */
  readonly output: string
  readonly nodes: readonly Node[]
}

/** The function of one element that a node is, with its parameters, or undefined. */
export function unaryOf(node: Node, p: Planner): { kind: Unary; a: number; b: number } | undefined {
  const simple = (kind: Unary, a = 0, b = 0): { kind: Unary; a: number; b: number } => ({ kind, a, b })
  const num = (name: string, fallback: number): number => numberAttribute(node, name, fallback)
  switch (node.op) {
    case 'Relu':
      return simple(Unary.Relu)
    case 'Gelu':
      return simple(stringAttribute(node, 'approximate', 'none') === 'tanh' ? Unary.GeluTanh : Unary.Gelu)
    case 'Clip': {
      const bounds = [node.inputs[1], node.inputs[2]].map((name) => (name ? p.constantTensor(name) : null))
      if (bounds.includes(undefined)) return undefined
      const [low, high] = bounds.map((t) => (t ? toNumbers(t)[0]! : undefined))
      return simple(Unary.Clip, low ?? -Infinity, high ?? Infinity)
    }
    case 'Sigmoid':
      return simple(Unary.Sigmoid)
    case 'HardSigmoid':
      return simple(Unary.HardSigmoid, num('alpha', 0.2), num('beta', 0.5))
    case 'HardSwish':
      return simple(Unary.HardSwish)
    case 'Tanh':
      return simple(Unary.Tanh)
    case 'LeakyRelu':
      return simple(Unary.LeakyRelu, num('alpha', 0.01))
    case 'Elu':
      return simple(Unary.Elu, num('alpha', 1), 1)
    case 'Selu': {
      const gamma = num('gamma', 1.0507009873554805)
      return simple(Unary.Elu, num('alpha', 1.6732632423543772) * gamma, gamma)
    }
    case 'Softplus':
      return simple(Unary.Softplus)
    case 'Softsign':
      return simple(Unary.Softsign)
    case 'Log':
      return simple(Unary.Log)
    case 'Mish':
      return simple(Unary.Mish)
    case 'Exp':
      return simple(Unary.Exp)
    case 'Erf':
      return simple(Unary.Erf)
    case 'Sqrt':
      return simple(Unary.Sqrt)
    case 'Reciprocal':
      return simple(Unary.Reciprocal)
    case 'Neg':
      return simple(Unary.Neg)
    case 'Abs':
      return simple(Unary.Abs)
    case 'Floor':
      return simple(Unary.Floor)
    case 'Ceil':
      return simple(Unary.Ceil)
    case 'Round':
      return simple(Unary.Round)
    default:
      return undefined
  }
}

/** Constant factors or terms along the features: one per row, or one for all. */
function perRow(p: Planner, name: string | undefined, shape: readonly number[], rowAxis: number): number[] | undefined {
  const t = p.constantTensor(name)
  if (!t || t.dtype !== 'float32') return undefined
  const rows = shape[rowAxis]!
  if (t.data.length === 1) return new Array<number>(rows).fill(t.data[0] as number)
  if (t.data.length !== rows) return undefined
  const axis = t.shape.length - (shape.length - rowAxis)
  return t.shape[axis] === rows ? toNumbers(t) : undefined
}

/** x · sigmoid(x): the product's node, where the value feeds nothing else. */
function siluOf(value: string, uses: Uses): Node[] | undefined {
  const users = uses.of(value)
  if (users.length !== 2 || uses.isOutput(value)) return undefined
  const gate = users.find((n) => n.op === 'Sigmoid')
  const product = users.find((n) => n.op === 'Mul')
  if (!gate || !product || uses.only(gate.outputs[0]!) !== product) return undefined
  return product.inputs.includes(gate.outputs[0]!) && product.inputs.includes(value) ? [gate, product] : undefined
}

/** Nothing follows the node in its command. */
export const noEpilogue = (node: Node): Epilogue => ({
  key: '',
  activation: Unary.Identity,
  a: 0,
  b: 0,
  output: node.outputs[0]!,
  nodes: [],
})

/** The view laid out as `target` is, copied where it is not. */
function alike(p: Planner, view: View, target: View, rowAxis: number): View | undefined {
  const { rows, grid } = target.storage
  const { storage } = view
  if (sameGrid(storage.grid, grid) && storage.rows === rows && isWhole(view, rowAxis)) return view
  if (!isWhole(target, rowAxis)) return undefined
  const to = onSameGrid(p, target, rowAxis, rows)
  if (to) p.copy(view, to)
  return to
}

/**
 * The chain of nodes after `node` that its command can do as well: factors and terms per row, one residual, one
 * activation; as long as every value on the way feeds only the next one.
 * @param ready whether a value is computed before this node
 * @param target a view like the output's: a residual must lie the same way
 */
export function findEpilogue(
  p: Planner,
  node: Node,
  uses: Uses,
  target: View,
  rowAxis: number,
  ready: (name: string) => boolean,
): Epilogue {
  let output = node.outputs[0]!
  const nodes: Node[] = []
  let scale: number[] | undefined
  let shift: number[] | undefined
  let residual: View | undefined
  const mutable = node.inputs.some((name) => p.options.mutable.has(name))
  for (;;) {
    const next = uses.only(output)
    if (!next) break
    const other = next.inputs.find((name) => name !== output)
    const sameShape = p.shapeOf(next.outputs[0]!).join() === target.shape.join()
    if (!sameShape) break
    if ((next.op === 'Mul' || next.op === 'LayerScale') && !residual && !mutable && next.inputs.length === 2) {
      const factors = perRow(p, other, target.shape, rowAxis)
      if (!factors) break
      scale = factors.map((f, r) => f * (scale ? scale[r]! : 1))
      shift = shift?.map((s, r) => s * factors[r]!)
    } else if (next.op === 'Add' && other !== undefined) {
      const terms = residual || mutable ? undefined : perRow(p, other, target.shape, rowAxis)
      if (terms) shift = terms.map((t, r) => t + (shift ? shift[r]! : 0))
      else {
        if (residual || !ready(other) || p.onHost(other) || p.shapeOf(other).join() !== target.shape.join()) break
        residual = alike(p, p.view(other), target, rowAxis)
        if (!residual) break
      }
    } else break
    nodes.push(next)
    output = next.outputs[0]!
  }
  let activation = { kind: Unary.Identity, a: 0, b: 0 }
  const next = uses.only(output)
  const function_ = next && unaryOf(next, p)
  const silu = siluOf(output, uses)
  if (function_) {
    activation = function_
    nodes.push(next)
    output = next.outputs[0]!
  } else if (silu) {
    activation = { kind: Unary.Silu, a: 0, b: 0 }
    nodes.push(...silu)
    output = silu[1]!.outputs[0]!
  }
  const key = scale || shift ? `with ${nodes.map((n) => n.name).join()} by ${scale?.join() ?? 1}` : ''
  return { key, scale, shift, residual, activation: activation.kind, a: activation.a, b: activation.b, output, nodes }
}
