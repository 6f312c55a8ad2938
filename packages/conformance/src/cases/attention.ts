import { float32, sizeOf } from '@tacojs/graph'
import { constant, single, tolerances, type Maker, type OperatorCase } from './case.js'
import { integers, uniform } from './random.js'

/** What is special, Q [..., N, D], K [..., M, D], V [..., M, E], scale. */
const shapes: readonly (readonly [string, readonly number[], readonly number[], readonly number[], number])[] = [
  ['one head', [1, 5, 4], [1, 7, 4], [1, 7, 3], 0.5],
  ['without a batch', [5, 4], [5, 4], [5, 4], 0.5],
  ['batch 7, heads', [7, 3, 5, 8], [7, 3, 5, 8], [7, 3, 5, 8], 0.5],
  ['one query', [2, 3, 1, 8], [2, 3, 41, 8], [2, 3, 41, 8], 0.25],
  ['one key', [2, 3, 7, 4], [2, 3, 1, 4], [2, 3, 1, 4], 0.5],
  ['more queries than keys', [1, 2, 41, 5], [1, 2, 3, 5], [1, 2, 3, 5], 0.5],
  ['more keys than queries', [1, 2, 3, 5], [1, 2, 40, 5], [1, 2, 40, 5], 0.5],
  ['values wider than queries', [2, 2, 7, 3], [2, 2, 7, 3], [2, 2, 7, 17], 0.5],
  ['values narrower than queries', [2, 2, 7, 17], [2, 2, 7, 17], [2, 2, 7, 1], 0.25],
  ['49 positions, 32 wide', [2, 2, 49, 32], [2, 2, 49, 32], [2, 2, 49, 32], 0.18],
  ['197 positions, 64 wide', [1, 1, 197, 64], [1, 1, 197, 64], [1, 1, 197, 64], 0.125],
  ['negative scale', [1, 2, 5, 4], [1, 2, 5, 4], [1, 2, 5, 4], -0.5],
  ['one head of keys for all', [2, 3, 5, 4], [2, 1, 7, 4], [2, 1, 7, 4], 0.5],
  ['five dimensions', [2, 3, 2, 5, 4], [2, 3, 2, 5, 4], [2, 3, 2, 5, 4], 0.5],
]

/** Of scores [2, 3, 4, 6]; what is left out or 1 is repeated over queries, heads or images. */
const biases: readonly (readonly number[])[] = [
  [2, 3, 4, 6],
  [1, 3, 4, 6],
  [2, 1, 4, 6],
  [1, 1, 4, 6],
  [2, 1, 1, 6],
  [3, 1, 6],
  [4, 6],
  [4, 1],
  [6],
]

/** 0 or `low`, the first key of each row never masked. */
const mask =
  (shape: readonly number[], low: number): Maker =>
  (random) => {
    const keys = shape[shape.length - 1]!
    return float32(
      shape,
      Array.from({ length: sizeOf(shape) }, (_, i) => (random() < 0.5 && i % keys ? low : 0)),
    )
  }

const whole = (shape: readonly number[]): Maker => integers(shape, -30, 30, 'float32')

const attention = (what: string, inputs: Parameters<typeof single>[2], scale: number): OperatorCase =>
  single('Attention', what, inputs, tolerances.accumulated, { domain: 'ai.tacojs', attributes: { scale } })

const biased = (what: string, bias: Parameters<typeof single>[2][number]): OperatorCase =>
  attention(what, [uniform([2, 3, 4, 5]), uniform([2, 3, 6, 5]), uniform([2, 3, 6, 2]), bias], 0.25)

export const attentionCases: readonly OperatorCase[] = [
  ...shapes.map(([what, q, k, v, scale]) => attention(what, [uniform(q, -2, 2), uniform(k, -2, 2), uniform(v)], scale)),
  ...biases.map((shape) => biased(`bias [${shape.join(', ')}]`, constant(uniform(shape)))),
  biased('bias is an input', uniform([2, 1, 4, 6])),
  biased('masked by -10000', constant(mask([2, 1, 4, 6], -10000))),
  biased('masked by -Infinity', constant(mask([2, 1, 4, 6], -Infinity))),
  biased(
    'only the last key is seen',
    constant(() => float32([6], [-Infinity, -Infinity, -Infinity, -Infinity, -Infinity, 0])),
  ),
  // scores of hundreds: exp overflows unless the maximum is taken off; of integers, so that they are exact
  attention('large scores', [whole([1, 2, 5, 4]), whole([1, 2, 7, 4]), uniform([1, 2, 7, 3])], 1),
]
