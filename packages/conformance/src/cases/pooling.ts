import type { Attribute } from '@tacojs/graph'
import { single, tolerances, type OperatorCase } from './case.js'
import { uniform } from './random.js'

const { exact, accumulated } = tolerances

const windows: readonly (readonly [string, readonly number[], Readonly<Record<string, Attribute>>])[] = [
  ['2×2, stride 2', [7, 3, 6, 8], { kernel_shape: [2, 2], strides: [2, 2] }],
  ['3×3, stride 2, pads 1', [1, 4, 9, 8], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }],
  ['uneven', [1, 2, 7, 9], { kernel_shape: [3, 2], strides: [1, 3] }],
  ['uneven pads', [1, 2, 5, 5], { kernel_shape: [3, 3], pads: [0, 1, 1, 0] }],
  ['ceil_mode', [1, 2, 6, 7], { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 }],
  [
    'ceil_mode, a last window in the padding',
    [1, 2, 5, 7],
    { kernel_shape: [2, 2], strides: [3, 2], pads: [1, 1, 1, 1], ceil_mode: 1 },
  ],
  ['SAME_UPPER', [1, 2, 7, 8], { kernel_shape: [3, 3], strides: [2, 2], auto_pad: 'SAME_UPPER' }],
  ['1-D', [2, 3, 9], { kernel_shape: [3], strides: [2], pads: [1, 1] }],
]

export const poolingCases: readonly OperatorCase[] = [
  // negative values, so that a padding of zeros would show
  ...windows.map(([what, x, attributes]) => single('MaxPool', what, [uniform(x, -2, -1)], exact, { attributes })),
  single('MaxPool', 'dilated', [uniform([1, 2, 8, 9])], exact, {
    attributes: { kernel_shape: [3, 2], dilations: [2, 3], strides: [1, 2], pads: [1, 0, 1, 0] },
  }),
  ...windows.flatMap(([what, x, attributes]) =>
    [0, 1].map((count_include_pad) =>
      single('AveragePool', `${what}, count_include_pad ${count_include_pad}`, [uniform(x, 1, 2)], accumulated, {
        attributes: { ...attributes, count_include_pad },
      }),
    ),
  ),
  ...(
    [
      [7, 3, 5, 4],
      [1, 2, 7, 7],
      [2, 3, 5],
    ] as const
  ).flatMap((shape) => [
    single('GlobalAveragePool', `[${shape.join(', ')}]`, [uniform(shape)], accumulated),
    single('GlobalMaxPool', `[${shape.join(', ')}]`, [uniform(shape)], exact),
  ]),
]
