import { float32 } from '@tacojs/graph'
import type { OperatorCase } from './case.js'
import { conv, depthwise, linear, normalize } from './layers.js'
import { network, type Builder } from './network.js'

const batches = [1, 7, 2]

const bordered = (b: Builder, mode: string): string => b.add('Pad', ['x', b.longs(0, 0, 1, 1, 0, 0, 1, 1)], { mode })
const strided = (b: Builder, x: string): string =>
  b.add('Conv', [x, b.weight(4, 5, 3, 3)], { kernel_shape: [3, 3], strides: [2, 2] })

export const chainCases: readonly OperatorCase[] = [
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
  // a border that shows pixels of the image, whose phases are not those of the inside moved
  ...['reflect', 'edge'].flatMap((mode) =>
    [
      [8, 8],
      [6, 9],
    ].map(([height, width]) =>
      network(`fused/Pad by ${mode}, Conv of stride 2 on ${height}×${width}`, { x: [2, 5, height!, width!] }, (b) =>
        strided(b, bordered(b, mode)),
      ),
    ),
  ),
  network('fused/two borders of one image, a Conv of stride 2 each', { x: [1, 5, 8, 8] }, (b) =>
    b.add('Add', [strided(b, bordered(b, 'reflect')), strided(b, bordered(b, 'edge'))]),
  ),
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
