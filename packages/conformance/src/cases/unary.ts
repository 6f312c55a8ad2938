import { constant, single, tolerances, type OperatorCase } from './case.js'
import { bools, floats, integers, uniform } from './random.js'

const { exact, arithmetic, transcendental } = tolerances

/** Halves, signed zeros' neighbours and thresholds: where roundings and clamps change. */
const edges = [-4, -3.5, -3, -2.5, -1.5, -1, -0.5, -0.25, 0, 0.25, 0.5, 1, 1.5, 2.5, 3, 3.5, 4]

const everywhere = [
  ['Abs', exact],
  ['Neg', exact],
  ['Relu', exact],
  ['Floor', exact],
  ['Ceil', exact],
  ['Round', exact],
  ['Sign', exact],
  ['Identity', exact],
  ['LeakyRelu', arithmetic],
  ['HardSigmoid', arithmetic],
  ['HardSwish', arithmetic],
  ['Softsign', arithmetic],
  ['Exp', transcendental],
  ['Erf', transcendental],
  ['Tanh', transcendental],
  ['Sigmoid', transcendental],
  ['Elu', transcendental],
  ['Selu', transcendental],
  ['Softplus', transcendental],
  ['Mish', transcendental],
  ['Sin', transcendental],
  ['Cos', transcendental],
] as const

export const unaryCases: readonly OperatorCase[] = [
  ...everywhere.flatMap(([op, tolerance]) => [
    single(op, 'odd [7, 3, 5]', [uniform([7, 3, 5], -4, 4)], tolerance),
    single(op, 'edges', [floats([edges.length], edges)], tolerance),
    single(op, 'one element', [uniform([1], -4, 4)], tolerance),
    single(op, 'scalar', [uniform([], -4, 4)], tolerance),
    single(op, '[41, 197]', [uniform([41, 197], -4, 4)], tolerance),
  ]),
  ...(['Sqrt', 'Log', 'Reciprocal'] as const).map((op) =>
    single(op, 'positive', [uniform([1, 4, 6], 0.1, 9)], op === 'Log' ? transcendental : arithmetic),
  ),
  ...['Tanh', 'Sigmoid', 'Softplus', 'Erf', 'Mish'].map((op) =>
    single(op, 'saturated', [floats([6], [-80, -30, -12, 12, 30, 80])], transcendental),
  ),
  single('Exp', 'far below zero', [uniform([197], -80, -1)], transcendental),
  single('Exp', 'far above zero', [uniform([197], 1, 80)], transcendental),
  single('Log', 'near zero and one', [floats([6], [1e-30, 1e-6, 0.5, 1, 1.5, 1e30])], transcendental),
  single('LeakyRelu', 'alpha', [uniform([2, 5])], arithmetic, { attributes: { alpha: 0.25 } }),
  single('Elu', 'alpha', [uniform([2, 5])], transcendental, { attributes: { alpha: 0.5 } }),
  single('Selu', 'alpha and gamma', [uniform([2, 5])], transcendental, { attributes: { alpha: 1.25, gamma: 0.5 } }),
  single('HardSigmoid', 'alpha and beta', [uniform([2, 5], -4, 4)], arithmetic, {
    attributes: { alpha: 0.25, beta: 0.375 },
  }),
  single('Not', 'bool', [bools([3, 5])], exact),
  single('Clip', 'both', [uniform([3, 5]), constant(floats([], [-0.5])), constant(floats([], [0.25]))], exact),
  single('Clip', 'max only', [uniform([3, 5]), undefined, constant(floats([], [0.25]))], exact),
  single('Clip', '0 to 6', [uniform([41, 17], -8, 8), constant(floats([], [0])), constant(floats([], [6]))], exact),
  single('Clip', 'bounds are inputs', [uniform([7, 5]), floats([], [-0.25]), floats([], [0.5])], exact),
  single('Clip', 'no bounds', [uniform([7, 5])], exact),
  single('Clip', 'min only', [uniform([3, 5]), constant(floats([], [0]))], exact),
  single('Cast', 'float to int64', [floats([6], [-2.75, -0.5, 0, 0.5, 1.5, 3])], exact, { attributes: { to: 7 } }),
  single('Cast', 'float to bool', [floats([4], [-2, 0, 0.5, 1])], exact, { attributes: { to: 9 } }),
  single('Cast', 'int64 to float', [integers([2, 3], -9, 9)], exact, { attributes: { to: 1 } }),
  single('Cast', 'bool to float', [bools([2, 3])], exact, { attributes: { to: 1 } }),
  ...['none', 'tanh'].flatMap((approximate) =>
    (
      [
        ['', uniform([7, 3, 5], -6, 6)],
        [', edges', floats([edges.length], edges)],
        [', saturated', floats([6], [-80, -30, -12, 12, 30, 80])],
        [', one element', uniform([1])],
        [', [41, 197]', uniform([41, 197], -4, 4)],
      ] as const
    ).map(([what, x]) =>
      single('Gelu', `${approximate}${what}`, [x], transcendental, {
        attributes: { approximate },
        domain: 'ai.tacojs',
      }),
    ),
  ),
]
