import type { Attribute } from '@tacojs/graph'
import { constant, single, tolerances, type OperatorCase } from './case.js'
import { uniform } from './random.js'
import { square } from './square-window.js'

type Attributes = Readonly<Record<string, Attribute>>
/** What is special, X, W, attributes. */
type Geometry = readonly [what: string, x: readonly number[], w: readonly number[], attributes: Attributes]

/** Every kernel at every stride, the image odd by even, the channels in turn. */
const channels = [1, 3, 5, 8, 17] as const
const grid = [1, 2, 3, 5, 7].flatMap((kernel, k) =>
  [1, 2, 3, 4].map((stride, s): Geometry => {
    const [from, to] = [channels[(k + s) % 5]!, channels[(k + 2 * s + 1) % 5]!]
    const x = [1, from, 9, 10]
    const attributes = square(kernel, stride, Math.floor(kernel / 2))
    return [
      `${kernel}×${kernel}, stride ${stride}, ${from} to ${to} channels`,
      x,
      [to, from, kernel, kernel],
      attributes,
    ]
  }),
)

/** The maps of real networks, with channels that keep a case small. */
const maps = (
  [
    [1, 1, 64, 17],
    [5, 7, 64, 5],
    [7, 7, 17, 64],
    [14, 14, 8, 17],
    [28, 28, 3, 5],
    [57, 56, 3, 4],
  ] as const
).flatMap(([height, width, from, to]) =>
  [1, 3].flatMap((kernel) =>
    [1, 2].map((stride): Geometry => [
      `${kernel}×${kernel} on ${height}×${width}, stride ${stride}`,
      [1, from, height, width],
      [to, from, kernel, kernel],
      square(kernel, stride, (kernel - 1) / 2),
    ]),
  ),
)

/** Patches: the stride is the kernel; what does not fill a patch is dropped. */
const patches = [2, 3, 4, 7, 16].map((size): Geometry => [
  `patches of ${size}`,
  [2, 3, 2 * size, 3 * size + 1],
  [5, 3, size, size],
  { kernel_shape: [size, size], strides: [size, size] },
])

const automatic = ['SAME_UPPER', 'SAME_LOWER', 'VALID'].flatMap((auto_pad) =>
  [1, 2, 3].map((stride): Geometry => [
    `${auto_pad}, stride ${stride}`,
    [1, 3, 8, 7],
    [4, 3, 2, 3],
    { auto_pad, strides: [stride, stride] },
  ]),
)

const depthwise = (
  [
    ['', [1, 6, 7, 7], 3, 1],
    [', stride 2', [7, 4, 6, 7], 3, 2],
    [', stride 3', [1, 5, 10, 8], 3, 3],
    [', one channel', [2, 1, 5, 7], 3, 1],
    [', 17 channels', [2, 17, 5, 7], 3, 2],
    [', 64 channels', [1, 64, 3, 3], 3, 1],
    [' on 1×1', [7, 8, 1, 1], 3, 1],
    [' on 14×14', [1, 8, 14, 14], 3, 1],
    [' on 28×28, stride 2', [1, 3, 28, 28], 3, 2],
    [' 1×1', [2, 5, 3, 4], 1, 1],
    [' 5×5', [1, 5, 9, 8], 5, 1],
    [' 5×5, stride 2', [2, 8, 9, 8], 5, 2],
    [' 7×7', [1, 5, 8, 8], 7, 1],
    [' 7×7 on 5×7, batch 7', [7, 3, 5, 7], 7, 1],
    [' 7×7 on 14×14', [1, 8, 14, 14], 7, 1],
  ] as const
).map(([what, x, kernel, stride]): Geometry => [
  `depthwise${what}`,
  x,
  [x[1], 1, kernel, kernel],
  { group: x[1], ...square(kernel, stride, (kernel - 1) / 2) },
])

const special: readonly Geometry[] = [
  ['3×3', [1, 3, 8, 8], [4, 3, 3, 3], {}],
  ['3×3 padded, batch 7', [7, 3, 5, 6], [4, 3, 3, 3], { pads: [1, 1, 1, 1] }],
  ['1×1, batch 7', [7, 5, 4, 3], [7, 5, 1, 1], {}],
  ['1×1 with pads', [1, 2, 3, 4], [3, 2, 1, 1], { pads: [1, 1, 1, 1] }],
  ['7×7, stride 2, pads 3', [1, 3, 15, 14], [4, 3, 7, 7], { strides: [2, 2], pads: [3, 3, 3, 3] }],
  ['pads wider than the kernel', [1, 2, 4, 3], [3, 2, 2, 2], { pads: [3, 3, 3, 3] }],
  ['a kernel larger than the image', [2, 3, 2, 1], [4, 3, 5, 5], { pads: [2, 2, 2, 2] }],
  ['a kernel as large as the image', [2, 3, 5, 7], [4, 3, 5, 7], {}],
  ['row kernel', [1, 3, 5, 9], [4, 3, 1, 7], { pads: [0, 3, 0, 3] }],
  ['column kernel', [1, 3, 9, 5], [4, 3, 7, 1], { pads: [3, 0, 3, 0], strides: [2, 1] }],
  ['uneven strides and kernel', [1, 2, 9, 8], [3, 2, 3, 2], { strides: [2, 3] }],
  ['uneven pads', [1, 2, 6, 5], [3, 2, 3, 3], { pads: [0, 1, 2, 0] }],
  ['uneven pads, stride 2', [2, 3, 7, 8], [5, 3, 3, 3], { pads: [0, 0, 1, 1], strides: [2, 2] }],
  ['dilated', [1, 2, 9, 10], [3, 2, 3, 3], { dilations: [2, 3], pads: [2, 3, 2, 3] }],
  ['dilated and strided', [1, 2, 11, 11], [3, 2, 3, 3], { dilations: [2, 2], strides: [2, 2], pads: [1, 1, 1, 1] }],
  ['dilated, SAME_UPPER', [1, 2, 8, 7], [3, 2, 3, 3], { dilations: [2, 2], auto_pad: 'SAME_UPPER' }],
  ['groups', [2, 6, 5, 5], [4, 3, 3, 3], { group: 2, pads: [1, 1, 1, 1] }],
  ['groups of one filter', [1, 6, 5, 7], [3, 2, 3, 3], { group: 3, pads: [1, 1, 1, 1], strides: [2, 2] }],
  ['groups, 1×1', [2, 10, 3, 5], [15, 2, 1, 1], { group: 5 }],
  ['groups, dilated', [1, 4, 7, 8], [6, 2, 3, 3], { group: 2, dilations: [2, 2], pads: [2, 2, 2, 2] }],
  ['depthwise, dilated', [1, 3, 8, 9], [3, 1, 3, 3], { group: 3, dilations: [2, 2], pads: [2, 2, 2, 2] }],
  ['depthwise, uneven pads', [1, 3, 6, 5], [3, 1, 3, 3], { group: 3, pads: [1, 0, 0, 2], strides: [2, 1] }],
  ['depthwise, SAME_LOWER', [1, 3, 6, 7], [3, 1, 3, 3], { group: 3, auto_pad: 'SAME_LOWER', strides: [2, 2] }],
  ['depthwise, two filters each', [1, 3, 6, 6], [6, 1, 3, 3], { group: 3 }],
  ['1-D', [2, 3, 11], [4, 3, 3], { pads: [1, 1] }],
  ['1-D, groups, stride, dilation', [1, 4, 12], [6, 2, 3], { group: 2, strides: [2], dilations: [2], pads: [2, 1] }],
  ['1-D, depthwise', [2, 5, 9], [5, 1, 5], { group: 5, pads: [2, 2] }],
]

const of = ([what, x, w, attributes]: Geometry, bias: boolean): OperatorCase =>
  single(
    'Conv',
    bias ? what : `${what}, no bias`,
    [uniform(x), constant(uniform(w)), ...(bias ? [constant(uniform([w[0]!]))] : [])],
    tolerances.accumulated,
    { attributes },
  )

export const convCases: readonly OperatorCase[] = [
  // with a bias and without in turn where it is the geometry that matters
  ...[...grid, ...maps, ...automatic, ...depthwise].map((geometry, i) => of(geometry, i % 2 === 0)),
  ...[...special, ...patches].flatMap((geometry) => [of(geometry, true), of(geometry, false)]),
]
