import type { OperatorCase } from './case.js'
import { conv, depthwise, linear, type Layer } from './layers.js'
import { network, type Builder } from './network.js'

const layers: readonly (readonly [name: string, input: readonly number[], layer: Layer])[] = [
  ['Conv', [1, 5, 5, 7], conv],
  ['depthwise Conv', [1, 5, 5, 7], depthwise],
  ['Linear', [1, 7, 17], linear],
]

/** What may follow a layer and be fused into it, and where fusing would be wrong: a value that others need too. */
const tails: Readonly<Record<string, (b: Builder, layer: Layer) => string | string[]>> = {
  'Add, Relu': (b, layer) => b.add('Relu', [b.add('Add', [layer(b, 'x'), 'x'])]),
  'Add on the right, Relu': (b, layer) => b.add('Relu', [b.add('Add', ['x', layer(b, 'x')])]),
  'Relu, Add': (b, layer) => b.add('Add', [b.add('Relu', [layer(b, 'x')]), 'x']),
  'Relu, Add, Relu': (b, layer) => b.add('Relu', [b.add('Add', [b.add('Relu', [layer(b, 'x')]), 'x'])]),
  'Add of two layers': (b, layer) => b.add('Add', [layer(b, 'x'), layer(b, 'x')]),
  'Add to itself': (b, layer) => {
    const y = layer(b, 'x')
    return b.add('Add', [y, y])
  },
  'Sub from the residual': (b, layer) => b.add('Sub', ['x', layer(b, 'x')]),
  'scaled, Add': (b, layer) => b.add('Add', [b.add('Mul', [layer(b, 'x'), b.scalar(0.5)]), 'x']),
  'two residuals in a row': (b, layer) => {
    const y = b.add('Add', ['x', layer(b, 'x')])
    return b.add('Add', [y, layer(b, b.add('Relu', [y]))])
  },
  'a residual over two layers': (b, layer) => b.add('Add', [layer(b, b.add('Relu', [layer(b, 'x')])), 'x']),
  'used before and after Relu': (b, layer) => {
    const y = layer(b, 'x')
    return b.add('Add', [b.add('Relu', [y]), y])
  },
  'used before and after Add': (b, layer) => {
    const y = layer(b, 'x')
    return b.add('Mul', [b.add('Add', [y, 'x']), y])
  },
  'two activations of one value': (b, layer) => {
    const y = layer(b, 'x')
    return b.add('Mul', [b.add('Tanh', [y]), b.add('Sigmoid', [y])])
  },
  'an output before and after Relu': (b, layer) => {
    const y = layer(b, 'x')
    return [y, b.add('Relu', [y])]
  },
  'every value is an output': (b, layer) => {
    const y = layer(b, 'x')
    const sum = b.add('Add', [y, 'x'])
    return [b.add('Relu', [sum]), sum, y]
  },
  'an output that goes on': (b, layer) => {
    const y = b.add('Relu', [layer(b, 'x')])
    return [y, layer(b, layer(b, y))]
  },
  'an early value used late': (b, layer) => {
    const early = b.add('Relu', [layer(b, 'x')])
    let y = early
    for (let i = 0; i < 3; i++) y = b.add('Tanh', [layer(b, y)])
    return b.add('Add', [b.add('Mul', [y, early]), 'x'])
  },
  'the input is an output': (b, layer) => ['x', layer(b, 'x')],
  'an initializer is an output': (b, layer) => {
    const row = b.weight(5)
    return [layer(b, 'x'), row]
  },
}

export const tailCases: readonly OperatorCase[] = layers.flatMap(([name, input, layer]) =>
  Object.entries(tails).map(([tail, write]) =>
    network(`fused/${name}, ${tail}`, { x: input }, (b) => write(b, layer), { batches: [1, 7, 2] }),
  ),
)
