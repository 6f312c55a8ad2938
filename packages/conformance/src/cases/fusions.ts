import { float32 } from '@tacojs/graph'
import type { OperatorCase } from './case.js'
import { network, type Builder } from './network.js'

const batches = [1, 7, 2]

const conv = ({ add, weight }: Builder, x: string, from = 5, to = 5): string =>
  add('Conv', [x, weight(to, from, 3, 3), weight(to)], { pads: [1, 1, 1, 1] })
const depthwise = ({ add, weight }: Builder, x: string): string =>
  add('Conv', [x, weight(5, 1, 3, 3), weight(5)], { pads: [1, 1, 1, 1], group: 5 })
const linear = ({ add, weight }: Builder, x: string, from = 17, to = 17): string =>
  add('Linear', [x, weight(to, from), weight(to)], {}, 'ai.tacojs')
const normalize = ({ add, numbers }: Builder, x: string): string =>
  add('BatchNormalization', [x, numbers([5], 0.5, 2), numbers([5], -1, 1), numbers([5], -1, 1), numbers([5], 0.2, 2)])

type Layer = (b: Builder, x: string) => string
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

export const fusionCases: readonly OperatorCase[] = [
  ...layers.flatMap(([name, input, layer]) =>
    Object.entries(tails).map(([tail, write]) =>
      network(`fused/${name}, ${tail}`, { x: input }, (b) => write(b, layer), { batches }),
    ),
  ),
  ...[conv, depthwise].flatMap((layer, i) => {
    const name = i ? 'depthwise Conv' : 'Conv'
    const image = { x: [2, 5, 5, 7] }
    return [
      network(`fused/${name}, BatchNormalization, Add, Relu`, image, (b) =>
        b.add('Relu', [b.add('Add', [normalize(b, layer(b, 'x')), 'x'])]),
      ),
      network(`fused/${name}, BatchNormalization, SiLU`, image, (b) => {
        const y = normalize(b, layer(b, 'x'))
        return b.add('Mul', [y, b.add('Sigmoid', [y])])
      }),
      network(`fused/BatchNormalization, Relu, ${name}`, image, (b) => layer(b, b.add('Relu', [normalize(b, 'x')]))),
      // what is added is smaller than the layer's output
      ...(
        [
          ['a scalar', []],
          ['a row', [7]],
          ['channels', [5, 1, 1]],
          ['a map', [5, 7]],
        ] as const
      ).map(([what, shape]) =>
        network(`fused/${name}, Add of ${what}, Relu`, image, (b) =>
          b.add('Relu', [b.add('Add', [layer(b, 'x'), b.numbers(shape, -1, 1)])]),
        ),
      ),
      network(`fused/${name}, Mul by channels of each image`, { ...image, gate: [2, 5, 1, 1] }, (b) =>
        b.add('Mul', [layer(b, 'x'), b.add('Sigmoid', ['gate'])]),
      ),
      network(`fused/${name}, Add of channels of each image, Relu`, { ...image, shift: [2, 5, 1, 1] }, (b) =>
        b.add('Relu', [b.add('Add', ['shift', layer(b, 'x')])]),
      ),
      // the sum is larger than the layer's output
      network(`fused/${name} of one image, Add of a batch`, { x: [1, 5, 5, 7], more: [3, 5, 5, 7] }, (b) =>
        b.add('Add', [layer(b, 'x'), 'more']),
      ),
    ]
  }),
  network(
    'fused/Linear, LayerScale, Add',
    { x: [1, 7, 17] },
    (b) => b.add('Add', ['x', b.add('LayerScale', [linear(b, 'x'), b.weight(17)], {}, 'ai.tacojs')]),
    { batches },
  ),
  network(
    'fused/Linear, LayerScale by Mul, Add',
    { x: [1, 7, 17] },
    (b) => b.add('Add', [b.add('Mul', [linear(b, 'x'), b.weight(17)]), 'x']),
    { batches },
  ),
  network(
    'fused/Linear, Gelu, Linear, Add',
    { x: [1, 7, 17] },
    (b) =>
      b.add('Add', ['x', linear(b, b.add('Gelu', [linear(b, 'x', 17, 40)], { approximate: 'none' }, 'ai.tacojs'), 40)]),
    { batches },
  ),
  network(
    'fused/Linear, Add of tokens, LayerNormalization',
    { x: [1, 7, 17] },
    (b) =>
      b.add('LayerNormalization', [
        b.add('Add', [linear(b, 'x'), b.weight(1, 7, 17)]),
        b.numbers([17], 0.5, 2),
        b.weight(17),
      ]),
    { batches },
  ),
  network('fused/one weight in two layers', { x: [1, 7, 17] }, (b) => {
    const [w, bias] = [b.weight(17, 17), b.weight(17)]
    const once = b.add('Linear', ['x', w, bias], {}, 'ai.tacojs')
    return b.add('Linear', [b.add('Tanh', [once]), w, bias], {}, 'ai.tacojs')
  }),
  network('fused/inputs and initializers are outputs', { x: [2, 3], z: [3] }, (b) => [
    'z',
    'x',
    b.value(float32([2], [1, -1])),
  ]),
  network(
    'fused/an input of which nothing uses the values',
    { x: [1, 3], unused: [1, 5] },
    (b) => b.add('Neg', ['x']),
    { batches },
  ),
  network(
    'fused/copies are outputs',
    { x: [1, 3] },
    (b) => [b.add('Identity', ['x']), b.add('Reshape', ['x', b.longs(-1)])],
    { batches },
  ),
]
