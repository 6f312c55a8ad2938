import type { Attribute } from '@tacojs/graph'
import { single, tolerances, type OperatorCase } from './case.js'
import { uniform } from './random.js'

const { exact, accumulated } = tolerances

/** What is special, X, attributes. */
type Window = readonly [what: string, x: readonly number[], attributes: Readonly<Record<string, Attribute>>]

const windows: readonly Window[] = [
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
  ...[2, 3, 5, 7].flatMap((kernel) =>
    [1, 2, 3, 4].map((stride): Window => [
      `${kernel}×${kernel}, stride ${stride}, 7×8`,
      [2, 3, 7, 8],
      { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: new Array<number>(4).fill((kernel - 1) >> 1) },
    ]),
  ),
  ['3×3, stride 2 on 28×28', [1, 5, 28, 28], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }],
  ['3×3, stride 2 on 57×56', [1, 1, 57, 56], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }],
  ['3×3, 64 channels', [1, 64, 5, 7], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }],
  ['3×3, stride 1, batch 7', [7, 3, 5, 5], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }],
  ['1×1 map', [2, 5, 1, 1], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }],
  ['the whole map', [2, 5, 7, 7], { kernel_shape: [7, 7] }],
  ['1×1, stride 2', [1, 3, 5, 7], { kernel_shape: [1, 1], strides: [2, 2] }],
  ['ceil_mode, uneven pads', [1, 2, 8, 7], { kernel_shape: [3, 2], strides: [2, 2], pads: [1, 0, 0, 1], ceil_mode: 1 }],
  ['ceil_mode that changes nothing', [1, 2, 7, 7], { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 }],
  ['SAME_UPPER, stride 1', [2, 3, 5, 7], { kernel_shape: [2, 2], auto_pad: 'SAME_UPPER' }],
  ['SAME_LOWER, stride 1', [2, 3, 5, 7], { kernel_shape: [2, 2], auto_pad: 'SAME_LOWER' }],
  ['SAME_LOWER, stride 3', [2, 3, 8, 7], { kernel_shape: [3, 5], strides: [3, 3], auto_pad: 'SAME_LOWER' }],
  ['VALID', [2, 3, 8, 7], { kernel_shape: [3, 3], strides: [2, 2], auto_pad: 'VALID' }],
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
      [2, 8, 1, 1],
      [7, 1, 5, 7],
      [1, 64, 7, 7],
      [1, 17, 14, 14],
      [1, 3, 57, 56],
      [2, 3, 5],
    ] as const
  ).flatMap((shape) => [
    single('GlobalAveragePool', `[${shape.join(', ')}]`, [uniform(shape)], accumulated),
    single('GlobalMaxPool', `[${shape.join(', ')}]`, [uniform(shape)], exact),
  ]),
]
