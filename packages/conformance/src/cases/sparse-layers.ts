import { sizeOf } from '@tacojs/graph'
import { constant, single, tolerances, type Constant, type OperatorCase } from './case.js'
import { uniform } from './random.js'
import { sparse, type Pattern } from './sparse.js'
import { square } from './square-window.js'

const { accumulated } = tolerances

/** Positions, channels in, channels out. */
const linears = [
  [1, 17, 5],
  [3, 40, 8],
  [28, 64, 17],
  [41, 64, 40],
  [197, 64, 24],
] as const

const convs = [
  ['3×3', [1, 8, 7, 7], [17, 8, 3, 3], square(3, 1, 1)],
  ['3×3, stride 2', [1, 8, 14, 14], [12, 8, 3, 3], square(3, 2, 1)],
  ['3×3, stride 2 on 5×7, batch 7', [7, 4, 5, 7], [8, 4, 3, 3], square(3, 2, 1)],
  ['3×3 on 28×28', [1, 4, 28, 28], [8, 4, 3, 3], square(3, 1, 1)],
  ['1×1', [2, 64, 5, 7], [10, 64, 1, 1], square(1, 1, 0)],
  ['1×1, stride 2', [1, 16, 7, 7], [24, 16, 1, 1], square(1, 2, 0)],
  ['2×2, stride 2', [1, 8, 14, 14], [16, 8, 2, 2], square(2, 2, 0)],
  ['7×7, stride 2', [1, 4, 15, 14], [8, 4, 7, 7], square(7, 2, 3)],
  ['5×5, dilated', [1, 4, 9, 10], [5, 4, 5, 5], { ...square(5, 1, 4), dilations: [2, 2] }],
  ['uneven pads', [1, 4, 8, 7], [6, 4, 3, 3], { pads: [0, 1, 2, 0], strides: [2, 1] }],
  ['groups', [1, 8, 7, 5], [8, 4, 3, 3], { ...square(3, 1, 1), group: 2 }],
  ['depthwise', [1, 8, 7, 7], [8, 1, 3, 3], { ...square(3, 1, 1), group: 8 }],
] as const

const linear = (what: string, positions: readonly number[], rows: number, weight: Constant): OperatorCase =>
  single('Linear', what, [uniform(positions), weight, constant(uniform([rows]))], accumulated, { domain: 'ai.tacojs' })

const conv = (what: string, [, x, w, attributes]: (typeof convs)[number], weight: Constant): OperatorCase =>
  single('Conv', what, [uniform(x), weight, constant(uniform([w[0]]))], accumulated, { attributes })

/** Every layer above with the pattern; 2:4 where four divides the weights of a row. */
function everyLayer(what: string, pattern: Pattern, sparsity: number): OperatorCase[] {
  const fits = (cols: number): boolean => pattern !== '2:4' || cols % 4 === 0
  const weight = (shape: readonly number[]): Constant => constant(sparse(shape, pattern, sparsity))
  return [
    ...linears
      .filter(([, from]) => fits(from))
      .map(([n, from, to]) => linear(`${what}, ${n} × ${from} to ${to}`, [n, from], to, weight([to, from]))),
    ...convs.filter(([, , w]) => fits(sizeOf(w.slice(1)))).map((c) => conv(`${what}, ${c[0]}`, c, weight(c[2]))),
  ]
}

const everyThird = Array.from({ length: 20 }, (_, i) => 3 * i)

/** Weights with zeros and the note on them: every share of zeros, every pattern, rows and layers wholly zero. */
export const sparseCases: readonly OperatorCase[] = [
  ...[0, 0.5, 0.9, 0.95, 1].flatMap((share) => everyLayer(`${100 * share} % zeros`, 'unstructured', share)),
  ...[0.5, 0.9, 0.95, 1].flatMap((share) => everyLayer(`${100 * share} % zeros in 4x1`, '4x1', share)),
  ...everyLayer('2:4', '2:4', 0.5),
  ...(['unstructured', '4x1'] as const).flatMap((pattern) => [
    linear(`zero rows, ${pattern}`, [2, 7, 40], 17, constant(sparse([17, 40], pattern, 0.5, everyThird))),
    conv(`zero rows, ${pattern}`, convs[0], constant(sparse(convs[0][2], pattern, 0.5, everyThird))),
  ]),
  linear(
    'one row is left',
    [41, 40],
    17,
    constant(
      sparse(
        [17, 40],
        'unstructured',
        0.5,
        Array.from({ length: 16 }, (_, i) => i),
      ),
    ),
  ),
  linear(
    'zeros without a note',
    [28, 64],
    17,
    constant((random) => sparse([17, 64], 'unstructured', 0.9)(random).tensor),
  ),
  conv(
    'zeros without a note',
    convs[0],
    constant((random) => sparse(convs[0][2], 'unstructured', 0.9)(random).tensor),
  ),
  single(
    'Linear',
    'sparse, no bias',
    [uniform([7, 3, 64]), constant(sparse([10, 64], 'unstructured', 0.9))],
    accumulated,
    {
      domain: 'ai.tacojs',
    },
  ),
  single(
    'Conv',
    'sparse, no bias',
    [uniform([2, 8, 7, 5]), constant(sparse([10, 8, 3, 3], 'unstructured', 0.9))],
    accumulated,
    {
      attributes: square(3, 1, 1),
    },
  ),
]
