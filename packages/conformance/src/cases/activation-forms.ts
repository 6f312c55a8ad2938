import type { Attribute } from '@tacojs/graph'
import type { Builder } from './network.js'

type Write = (b: Builder, x: string) => string

const op =
  (name: string, attributes: Readonly<Record<string, Attribute>> = {}, domain: '' | 'ai.tacojs' = ''): Write =>
  ({ add }, x) =>
    add(name, [x], attributes, domain)

/** Every activation that exports hold, as one node or in the nodes that exporters write for it. */
export const activations: Readonly<Record<string, Write>> = {
  Relu: op('Relu'),
  'Relu6 by Clip': ({ add, scalar }, x) => add('Clip', [x, scalar(0), scalar(6)]),
  'Clip without a maximum': ({ add, scalar }, x) => add('Clip', [x, scalar(-0.25)]),
  Gelu: op('Gelu', { approximate: 'none' }, 'ai.tacojs'),
  'Gelu by tanh': op('Gelu', { approximate: 'tanh' }, 'ai.tacojs'),
  'Gelu in ONNX operators': ({ add, scalar }, x) => {
    const erf = add('Erf', [add('Div', [x, scalar(Math.SQRT2)])])
    return add('Mul', [add('Mul', [x, add('Add', [erf, scalar(1)])]), scalar(0.5)])
  },
  Sigmoid: op('Sigmoid'),
  SiLU: ({ add }, x) => add('Mul', [x, add('Sigmoid', [x])]),
  'SiLU, sigmoid first': ({ add }, x) => add('Mul', [add('Sigmoid', [x]), x]),
  HardSwish: op('HardSwish'),
  'HardSwish by HardSigmoid': ({ add }, x) => add('Mul', [x, add('HardSigmoid', [x], { alpha: 1 / 6, beta: 0.5 })]),
  HardSigmoid: op('HardSigmoid', { alpha: 1 / 6, beta: 0.5 }),
  Tanh: op('Tanh'),
  LeakyRelu: op('LeakyRelu', { alpha: 0.1 }),
  Elu: op('Elu'),
  Selu: op('Selu'),
  Softplus: op('Softplus'),
  Softsign: op('Softsign'),
  Mish: op('Mish'),
  'Mish in ONNX operators': ({ add }, x) => add('Mul', [x, add('Tanh', [add('Softplus', [x])])]),
}
