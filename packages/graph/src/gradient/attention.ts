import { numberAttribute } from '../ops/attributes.js'
import type { Rules, Vjp } from './context.js'
import { transposed, unbroadcast } from './shapes.js'

/**
 * O = P·V, P = softmax(S), S = s·Q·Kᵀ + bias. The probabilities are computed again rather than kept:
 * dV = Pᵀ·dO, dP = dO·Vᵀ, dS = P∘(dP − rowsum(dO∘O)), dQ = s·dS·K, dK = s·dSᵀ·Q (Dao et al. 2022, appendix B.2).
 */
const fusedAttention: Vjp = (node, c, [dy]) => {
  const [q, k, v, bias] = node.inputs as [string, string, string, string | undefined]
  const y = node.outputs[0]!
  const out = c.shape(y)
  const rank = out.length
  const scale = c.scalar(numberAttribute(node, 'scale'))
  const last = (name: string): (number | string)[] => [...out.slice(0, -2), ...c.shape(name).slice(-2)]
  const scaled = c.add('Mul', [q, scale])
  const products = c.add('MatMul', [scaled, transposed(c, k, rank)])
  const p = c.add('Softmax', [bias ? c.add('Add', [products, bias]) : products], { axis: -1 })
  const dv = (): string => unbroadcast(c, c.add('MatMul', [transposed(c, p, rank), dy!]), last(v), v)
  if (!c.needs(0) && !c.needs(1) && !c.needs(3)) return [undefined, undefined, dv()]
  const rows = c.add('ReduceSum', [c.add('Mul', [dy!, y]), c.longs([rank - 1])], { keepdims: 1 })
  const dp = c.add('MatMul', [dy!, transposed(c, v, rank)])
  const ds = c.add('Mul', [p, c.add('Sub', [dp, rows])])
  const dq = (): string => unbroadcast(c, c.add('Mul', [c.add('MatMul', [ds, k]), scale]), last(q), q)
  const dk = (): string => unbroadcast(c, c.add('MatMul', [transposed(c, ds, rank), scaled]), last(k), k)
  const scores = [...out.slice(0, -1), c.shape(k)[rank - 2]!]
  return [
    c.needs(0) ? dq() : undefined,
    c.needs(1) ? dk() : undefined,
    c.needs(2) ? dv() : undefined,
    c.needs(3) ? unbroadcast(c, ds, scores, bias!) : undefined,
  ]
}

export const attention: Rules = { 'ai.tacojs.Attention': fusedAttention }
