import { constant, single, tolerances, type OperatorCase } from './case.js'
import { uniform } from './random.js'

const { accumulated } = tolerances
const fused = { domain: 'ai.tacojs' } as const

const products = [
  ['matrices', [3, 5], [5, 7]],
  ['one row', [1, 33], [33, 10]],
  ['vector on the left', [5], [5, 7]],
  ['vector on the right', [2, 3, 5], [5]],
  ['batched by one matrix', [7, 3, 5], [5, 4]],
  ['batched', [2, 3, 4, 5], [2, 3, 5, 6]],
  ['batches broadcast', [2, 1, 4, 5], [3, 5, 6]],
  ['odd, beyond a tile', [37, 67], [67, 35]],
] as const

const queries = [
  ['one head', [1, 5, 4], [1, 7, 4], [1, 7, 3]],
  ['batch 7, heads', [7, 3, 5, 8], [7, 3, 5, 8], [7, 3, 5, 8]],
] as const

export const linearCases: readonly OperatorCase[] = [
  ...products.map(([what, a, b]) => single('MatMul', what, [uniform(a), uniform(b)], accumulated)),
  single('MatMul', 'constant weight', [uniform([1, 9, 16]), constant(uniform([16, 12]))], accumulated),
  ...[0, 1].flatMap((transA) =>
    [0, 1].map((transB) =>
      single(
        'Gemm',
        `transA ${transA}, transB ${transB}`,
        [
          uniform(transA ? [5, 3] : [3, 5]),
          constant(uniform(transB ? [7, 5] : [5, 7])),
          constant(uniform(transA ? [3, 1] : [7])),
        ],
        accumulated,
        { attributes: { transA, transB } },
      ),
    ),
  ),
  single('Gemm', 'alpha, beta', [uniform([7, 4]), uniform([4, 3]), uniform([1, 3])], accumulated, {
    attributes: { alpha: 0.5, beta: 2 },
  }),
  single('Gemm', 'without C', [uniform([1, 4]), uniform([4, 3])], accumulated),
  single(
    'Linear',
    'tokens',
    [uniform([7, 5, 16]), constant(uniform([12, 16])), constant(uniform([12]))],
    accumulated,
    fused,
  ),
  single('Linear', 'without bias', [uniform([1, 33]), constant(uniform([10, 33]))], accumulated, fused),
  single('Linear', 'one vector', [uniform([6]), constant(uniform([3, 6])), constant(uniform([3]))], accumulated, fused),
  ...queries.map(([what, q, k, v]) =>
    single('Attention', what, [uniform(q, -2, 2), uniform(k, -2, 2), uniform(v)], accumulated, {
      ...fused,
      attributes: { scale: 0.5 },
    }),
  ),
  single(
    'Attention',
    'bias broadcast',
    [uniform([2, 3, 4, 5]), uniform([2, 3, 6, 5]), uniform([2, 3, 6, 2]), constant(uniform([1, 3, 4, 6]))],
    accumulated,
    { ...fused, attributes: { scale: 0.25 } },
  ),
]
