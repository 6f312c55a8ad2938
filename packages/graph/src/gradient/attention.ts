import { numberAttribute } from '../ops/attributes.js'
import type { GradientContext, Rules, Vjp } from './context.js'
import { transposed, unbroadcast } from './shapes.js'

/** A bias, transposed to [..., keys, queries]; a vector is one for all queries. */
function keysFirst(c: GradientContext, bias: string): string {
  const rank = c.shape(bias).length
  if (rank === 0) return bias
  return rank === 1 ? c.add('Unsqueeze', [bias, c.longs([1])]) : transposed(c, bias, rank)
}

/**
 * O = P·V, P = softmax(S), S = s·Q·Kᵀ + bias. The probabilities are computed again rather than kept:
 * dV = Pᵀ·dO, dP = dO·Vᵀ, dS = P∘(dP − rowsum(dO∘O)), dQ = s·dS·K, dK = s·dSᵀ·Q (Dao et al. 2022, appendix B.2).
 * All matrices of scores are kept transposed, [..., keys, queries], which three of the five products want.
 */
const fusedAttention: Vjp = (node, c, [dy]) => {
  const [q, k, v, bias] = node.inputs as [string, string, string, string | undefined]
  const y = node.outputs[0]!
  const out = c.shape(y)
  const rank = out.length
  const scale = c.scalar(numberAttribute(node, 'scale'))
  const turn = (value: string): string => transposed(c, value, rank)
  const whole = (name: string): (number | string)[] => [...out.slice(0, -2), ...c.shape(name).slice(-2)]
  const products = c.add('Mul', [c.add('MatMul', [k, turn(q)]), scale])
  const scores = bias ? c.add('Add', [products, keysFirst(c, bias)]) : products
  const p = c.add('Softmax', [scores], { axis: -2 })
  const dv = (): string => unbroadcast(c, c.add('MatMul', [p, dy!]), whole(v), v)
  if (!c.needs(0) && !c.needs(1) && !c.needs(3)) return [undefined, undefined, dv()]
  const sums = c.add('ReduceSum', [c.add('Mul', [dy!, y]), c.longs([rank - 1])], { keepdims: 1 })
  const ds = c.add('Mul', [p, c.add('Sub', [c.add('MatMul', [v, turn(dy!)]), turn(sums)])])
  const scaled = c.needs(0) || c.needs(1) ? c.add('Mul', [ds, scale]) : ds
  const dq = (): string => unbroadcast(c, turn(c.add('MatMul', [turn(k), scaled])), whole(q), q)
  const dk = (): string => unbroadcast(c, c.add('MatMul', [scaled, q]), whole(k), k)
  return [
    c.needs(0) ? dq() : undefined,
    c.needs(1) ? dk() : undefined,
    c.needs(2) ? dv() : undefined,
    c.needs(3) ? unbroadcast(c, turn(ds), [...out.slice(0, -1), c.shape(k)[rank - 2]!], bias!) : undefined,
  ]
}

export const attention: Rules = { 'ai.tacojs.Attention': fusedAttention }
