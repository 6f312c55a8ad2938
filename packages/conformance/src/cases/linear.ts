import { constant, single, tolerances, type OperatorCase } from './case.js'
import { uniform } from './random.js'

const { accumulated } = tolerances
const own = { domain: 'ai.tacojs' } as const

const products = [
  ['matrices', [3, 5], [5, 7]],
  ['one row', [1, 33], [33, 10]],
  ['one column', [7, 17], [17, 1]],
  ['one number', [1, 1], [1, 1]],
  ['an outer product', [41, 1], [1, 28]],
  ['vector on the left', [5], [5, 7]],
  ['vector on the right', [2, 3, 5], [5]],
  ['vectors', [17], [17]],
  ['batched by one matrix', [7, 3, 5], [5, 4]],
  ['one matrix by batched', [3, 5], [7, 5, 4]],
  ['batched', [2, 3, 4, 5], [2, 3, 5, 6]],
  ['batches broadcast', [2, 1, 4, 5], [3, 5, 6]],
  ['batches broadcast to the left', [5, 3, 4], [2, 1, 4, 3]],
  ['odd, beyond a tile', [37, 67], [67, 35]],
  ['a long sum', [3, 1025], [1025, 5]],
] as const

/** Positions of ViTs and ResNets and beside the widths of tiles, by layers from and to odd and even channels. */
const positions = [1, 3, 7, 28, 40, 41, 197]
const layers = [
  [1, 3],
  [3, 1],
  [5, 8],
  [8, 17],
  [17, 64],
  [64, 5],
  [64, 40],
] as const

export const linearCases: readonly OperatorCase[] = [
  ...products.map(([what, a, b]) => single('MatMul', what, [uniform(a), uniform(b)], accumulated)),
  single('MatMul', 'constant weight', [uniform([1, 9, 16]), constant(uniform([16, 12]))], accumulated),
  single('MatMul', 'constant on the left', [constant(uniform([9, 5])), uniform([7, 5, 3])], accumulated),
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
  single('Gemm', 'scalar C', [uniform([2, 4]), uniform([4, 3]), constant(uniform([]))], accumulated),
  single('Gemm', 'C of the full shape', [uniform([5, 4]), uniform([4, 3]), uniform([5, 3])], accumulated),
  ...positions.flatMap((n) =>
    layers.map(([from, to], i) =>
      single(
        'Linear',
        `${n} × ${from} to ${to}${i % 2 ? ', no bias' : ''}`,
        [uniform([n, from]), constant(uniform([to, from])), ...(i % 2 ? [] : [constant(uniform([to]))])],
        accumulated,
        own,
      ),
    ),
  ),
  single(
    'Linear',
    'tokens',
    [uniform([7, 5, 16]), constant(uniform([12, 16])), constant(uniform([12]))],
    accumulated,
    own,
  ),
  single(
    'Linear',
    'rank 4',
    [uniform([2, 3, 5, 8]), constant(uniform([6, 8])), constant(uniform([6]))],
    accumulated,
    own,
  ),
  single('Linear', 'one vector', [uniform([6]), constant(uniform([3, 6])), constant(uniform([3]))], accumulated, own),
  single('Linear', 'weight and bias are inputs', [uniform([7, 6]), uniform([3, 6]), uniform([3])], accumulated, own),
]
