import { numberAttribute } from '../ops/attributes.js'
import type { Rules, Vjp } from './context.js'
import { reshapeLike, transposed, unbroadcast } from './shapes.js'

/** Y = X·Wᵀ + b: dX = dY·W. */
const linearLayer: Vjp = (node, c, [dy]) => [c.needs(0) ? c.add('MatMul', [dy!, node.inputs[1]!]) : undefined]

/** Y = A·B: dA = dY·Bᵀ, dB = Aᵀ·dY, summed over repeated leading dimensions; a vector is a matrix of one row or column. */
const matMul: Vjp = (node, c, [dy]) => {
  const [a, b] = node.inputs as [string, string]
  const [ar, br] = [c.shape(a).length, c.shape(b).length]
  // dA = dY·Bᵀ is a linear layer whose weight [out, in] is B itself
  if (c.constant(b) && br === 2 && ar >= 2) return [c.needs(0) ? c.add('Linear', [dy!, b], {}, 'ai.tacojs') : undefined]
  const left = ar === 1 ? c.add('Unsqueeze', [a, c.longs([0])]) : a
  const right = br === 1 ? c.add('Unsqueeze', [b, c.longs([1])]) : b
  let d = dy!
  if (br === 1) d = c.add('Unsqueeze', [d, c.longs([-1])])
  if (ar === 1) d = c.add('Unsqueeze', [d, c.longs([-2])])
  const lead = c.shape(node.outputs[0]!).slice(0, Math.max(ar, br, 2) - 2)
  const [ranks, inner] = [{ a: Math.max(ar, 2), b: Math.max(br, 2) }, c.shape(a)[ar - 1]!]
  const da = (): string => {
    const wide = c.add('MatMul', [d, transposed(c, right, ranks.b)])
    return ar === 1
      ? vectorSum(wide, [...lead, 1, inner], a)
      : unbroadcast(c, wide, [...lead, ...c.shape(a).slice(-2)], a)
  }
  const db = (): string => {
    const wide = c.add('MatMul', [transposed(c, left, ranks.a), d])
    return br === 1
      ? vectorSum(wide, [...lead, inner, 1], b)
      : unbroadcast(c, wide, [...lead, ...c.shape(b).slice(-2)], b)
  }
  /** [..., 1, k] or [..., k, 1] to [k]. */
  const vectorSum = (wide: string, from: readonly (number | string)[], vector: string): string => {
    const axes = from.slice(0, -2).map((_, axis) => axis)
    const sum = axes.length > 0 ? c.add('ReduceSum', [wide, c.longs(axes)], { keepdims: 0 }) : wide
    return reshapeLike(c, sum, vector)
  }
  return [c.needs(0) ? da() : undefined, c.needs(1) ? db() : undefined]
}

/** Y = α·A′·B′ + β·C, a prime for what is transposed on request. */
const gemm: Vjp = (node, c, [dy]) => {
  const [a, b, bias] = node.inputs as [string, string, string | undefined]
  const [alpha, beta] = [numberAttribute(node, 'alpha', 1), numberAttribute(node, 'beta', 1)]
  const [transA, transB] = [numberAttribute(node, 'transA', 0), numberAttribute(node, 'transB', 0)]
  const product = (left: string, right: string, turnLeft: number, turnRight: number): string =>
    c.add('Gemm', [left, right], { alpha, transA: turnLeft, transB: turnRight })
  const da = (): string => (transA ? product(b, dy!, transB, 1) : product(dy!, b, 0, 1 - transB))
  const db = (): string => (transB ? product(dy!, a, 1, transA) : product(a, dy!, 1 - transA, 0))
  const dc = (): string => {
    const share = beta === 1 ? dy! : c.add('Mul', [dy!, c.scalar(beta)])
    return unbroadcast(c, share, c.shape(node.outputs[0]!), bias!)
  }
  return [c.needs(0) ? da() : undefined, c.needs(1) ? db() : undefined, c.needs(2) ? dc() : undefined]
}

export const linear: Rules = { 'ai.tacojs.Linear': linearLayer, MatMul: matMul, Gemm: gemm }
