import { constant, single, tolerances, type OperatorCase } from './case.js'
import { uniform } from './random.js'

const { accumulated, transcendental } = tolerances

const channels = (c: number): ReturnType<typeof constant>[] => [constant(uniform([c], 0.5, 2)), constant(uniform([c]))]

export const normalizationCases: readonly OperatorCase[] = [
  ...(
    [
      [1, 3, 4, 5],
      [7, 4, 3, 3],
      [2, 5],
      [2, 3, 7],
    ] as const
  ).map((shape) =>
    single(
      'BatchNormalization',
      `[${shape.join(', ')}]`,
      [uniform(shape), ...channels(shape[1]), constant(uniform([shape[1]])), constant(uniform([shape[1]], 0.2, 2))],
      accumulated,
      { attributes: { epsilon: 1e-3 } },
    ),
  ),
  single('InstanceNormalization', 'planes', [uniform([7, 3, 4, 5]), ...channels(3)], accumulated),
  single('LayerNormalization', 'tokens', [uniform([7, 5, 12], -3, 5), ...channels(12)], accumulated),
  single('LayerNormalization', 'epsilon matters', [uniform([2, 9], -1e-3, 1e-3), ...channels(9)], accumulated, {
    attributes: { epsilon: 1e-6 },
  }),
  single('LayerNormalization', 'without bias', [uniform([1, 3, 8]), constant(uniform([8]))], accumulated),
  single(
    'LayerNormalization',
    'two axes',
    [uniform([2, 3, 4]), constant(uniform([3, 4])), constant(uniform([3, 4]))],
    accumulated,
    { attributes: { axis: 1 } },
  ),
  ...['Softmax', 'LogSoftmax'].flatMap((op) => [
    single(op, 'last axis', [uniform([7, 3, 11], -5, 5)], transcendental),
    single(op, 'axis 1', [uniform([2, 5, 3, 4], -5, 5)], transcendental, { attributes: { axis: 1 } }),
    single(op, 'axis 0', [uniform([5, 3], -5, 5)], transcendental, { attributes: { axis: 0 } }),
    single(op, 'large logits', [uniform([2, 6], -200, 200)], transcendental, { attributes: { axis: -1 } }),
  ]),
]
