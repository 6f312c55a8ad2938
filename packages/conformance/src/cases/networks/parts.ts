import { float32, type Tensor } from '@tacojs/graph'
import type { Builder } from '../network.js'

/** How the network is written: in ONNX operators as exporters leave it, or with our own operators. */
export type Form = 'exported' | 'own'
export const own = 'ai.tacojs'

const ones = (n: number): Tensor => float32([n], new Float32Array(n).fill(1))

/** A linear layer on the last axis, [..., from] to [..., to]. */
export const dense = ({ add, weight }: Builder, form: Form, x: string, from: number, to: number): string =>
  form === 'own'
    ? add('Linear', [x, weight(to, from), weight(to)], {}, own)
    : add('Add', [weight(to), add('MatMul', [x, weight(from, to)])])

export const layerNorm = ({ add, weight, value }: Builder, x: string, width: number): string =>
  add('LayerNormalization', [x, value(ones(width)), weight(width)], { axis: -1, epsilon: 1e-6 })

export const gelu = ({ add, scalar }: Builder, form: Form, x: string): string => {
  if (form === 'own') return add('Gelu', [x], { approximate: 'none' }, own)
  const erf = add('Erf', [add('Div', [x, scalar(Math.SQRT2)])])
  return add('Mul', [add('Mul', [x, add('Add', [erf, scalar(1)])]), scalar(0.5)])
}

export interface ConvSpec {
  readonly kernel: number
  readonly stride?: number
  readonly group?: number
}

/** A convolution padded to half its kernel, without a bias, and BatchNormalization. */
export function convNorm(b: Builder, x: string, from: number, to: number, spec: ConvSpec): string {
  const { kernel, stride = 1, group = 1 } = spec
  const pad = (kernel - 1) / 2
  const y = b.add('Conv', [x, b.weight(to, from / group, kernel, kernel)], {
    kernel_shape: [kernel, kernel],
    strides: [stride, stride],
    pads: [pad, pad, pad, pad],
    group,
  })
  const statistics = [b.numbers([to], 0.5, 1.5), b.weight(to), b.weight(to), b.value(ones(to))]
  return b.add('BatchNormalization', [y, ...statistics], { epsilon: 1e-5 })
}

export const silu = ({ add }: Builder, x: string): string => add('Mul', [x, add('Sigmoid', [x])])
