import type { Attribute } from '@tacojs/graph'
import { constant, single, tolerances, type OperatorCase } from './case.js'
import { uniform } from './random.js'

type Attributes = Readonly<Record<string, Attribute>>

/** What is special, X, W, attributes. */
const shapes: readonly (readonly [string, readonly number[], readonly number[], Attributes])[] = [
  ['3×3', [1, 3, 8, 8], [4, 3, 3, 3], {}],
  ['3×3 padded, batch 7', [7, 3, 5, 6], [4, 3, 3, 3], { pads: [1, 1, 1, 1] }],
  ['1×1', [2, 5, 4, 3], [7, 5, 1, 1], {}],
  ['1×1, stride 2', [1, 5, 7, 5], [6, 5, 1, 1], { strides: [2, 2] }],
  ['7×7, stride 2, pads 3', [1, 3, 15, 14], [4, 3, 7, 7], { strides: [2, 2], pads: [3, 3, 3, 3] }],
  ['patches', [1, 3, 8, 12], [5, 3, 4, 4], { strides: [4, 4] }],
  ['uneven strides and kernel', [1, 2, 9, 8], [3, 2, 3, 2], { strides: [2, 3] }],
  ['uneven pads', [1, 2, 6, 5], [3, 2, 3, 3], { pads: [0, 1, 2, 0] }],
  ['dilated', [1, 2, 9, 10], [3, 2, 3, 3], { dilations: [2, 3], pads: [2, 3, 2, 3] }],
  ['dilated and strided', [1, 2, 11, 11], [3, 2, 3, 3], { dilations: [2, 2], strides: [2, 2], pads: [1, 1, 1, 1] }],
  ['groups', [2, 6, 5, 5], [4, 3, 3, 3], { group: 2, pads: [1, 1, 1, 1] }],
  ['depthwise', [1, 6, 7, 7], [6, 1, 3, 3], { group: 6, pads: [1, 1, 1, 1] }],
  ['depthwise, stride 2', [7, 4, 6, 7], [4, 1, 3, 3], { group: 4, strides: [2, 2], pads: [1, 1, 1, 1] }],
  ['depthwise, two filters each', [1, 3, 6, 6], [6, 1, 3, 3], { group: 3 }],
  ['depthwise 7×7', [1, 5, 8, 8], [5, 1, 7, 7], { group: 5, pads: [3, 3, 3, 3] }],
  ['SAME_UPPER', [1, 2, 7, 8], [3, 2, 3, 2], { auto_pad: 'SAME_UPPER', strides: [2, 2] }],
  ['SAME_LOWER', [1, 2, 7, 8], [3, 2, 2, 3], { auto_pad: 'SAME_LOWER', strides: [2, 2] }],
  ['1-D', [2, 3, 11], [4, 3, 3], { pads: [1, 1] }],
  ['1-D, groups, stride, dilation', [1, 4, 12], [6, 2, 3], { group: 2, strides: [2], dilations: [2], pads: [2, 1] }],
]

export const convCases: readonly OperatorCase[] = shapes.flatMap(([what, x, w, attributes]) => [
  single('Conv', what, [uniform(x), constant(uniform(w)), constant(uniform([w[0]!]))], tolerances.accumulated, {
    attributes,
  }),
  single('Conv', `${what}, no bias`, [uniform(x), constant(uniform(w))], tolerances.accumulated, { attributes }),
])
