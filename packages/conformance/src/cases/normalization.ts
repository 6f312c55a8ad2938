import { constant, single, tolerances, type Maker, type OperatorCase } from './case.js'
import { floats, uniform } from './random.js'

const { accumulated } = tolerances

const channels = (c: number): ReturnType<typeof constant>[] => [constant(uniform([c], 0.5, 2)), constant(uniform([c]))]

const oneConstantRow: Maker = (random) => {
  const x = uniform([3, 16])(random)
  x.data.fill(0.25 as never, 16, 32)
  return x
}

export const normalizationCases: readonly OperatorCase[] = [
  ...(
    [
      [1, 3, 4, 5],
      [7, 4, 3, 3],
      [2, 17, 5, 7],
      [1, 64, 1, 1],
      [1, 8, 14, 14],
      [2, 1, 7, 7],
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
  ...(
    [
      [7, 3, 4, 5],
      [1, 17, 7, 7],
      [2, 1, 5, 7],
      [2, 3, 9],
    ] as const
  ).map((shape) =>
    single('InstanceNormalization', `[${shape.join(', ')}]`, [uniform(shape), ...channels(shape[1])], accumulated),
  ),
  ...[1, 3, 7, 28, 40, 41, 197].flatMap((rows) =>
    [1, 3, 5, 8, 17, 64].map((width) =>
      single(
        'LayerNormalization',
        `${rows} × ${width}`,
        [uniform([rows, width], -3, 5), ...channels(width)],
        accumulated,
      ),
    ),
  ),
  single('LayerNormalization', 'channels last', [uniform([2, 5, 7, 8], -3, 5), ...channels(8)], accumulated),
  // multiples of powers of two in rows as long as one, so that the mean is exact in float32: what is left is the bias
  ...[0, 3, -0.5, 1024].map((value) =>
    single(
      'LayerNormalization',
      `constant rows of ${value}`,
      [floats([3, 16], new Array<number>(48).fill(value)), ...channels(16)],
      accumulated,
      { attributes: { epsilon: 1e-6 } },
    ),
  ),
  single('LayerNormalization', 'one constant row among others', [oneConstantRow, ...channels(16)], accumulated),
  single('LayerNormalization', 'tiny values', [uniform([7, 17], -1e-6, 1e-6), ...channels(17)], accumulated, {
    attributes: { epsilon: 1e-12 },
  }),
  // float32 has the mean to a millionth of the deviation; the mean of the squares less the squared mean is ten times worse
  single(
    'LayerNormalization',
    'variance small against the mean',
    [uniform([7, 64], 0.85, 1.15), ...channels(64)],
    accumulated,
  ),
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
]
