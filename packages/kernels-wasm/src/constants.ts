import { At } from './addresses.js'

/** Least-squares polynomial of 2^f on [−½, ½] with weights for the relative error, which is at most 8e-8. */
const exp2 = [
  0.0013266970636323094, 0.009675459936261177, 0.05550742521882057, 0.24022121727466583, 0.6931469440460205,
  1.0000001192092896,
]

/** erf(x)/x on |x| ≤ 3.7 as a polynomial in u = 2x²/3.7² − 1, fitted for the error of erf, which is at most 4e-7. */
const erf = [
  -0.0015043008606880903, 0.003927262965589762, -0.0036484808661043644, 0.005223635584115982, -0.014150366187095642,
  0.025145728141069412, -0.03620100021362305, 0.05147555097937584, -0.07043644040822983, 0.0906248465180397,
  -0.11264558881521225, 0.14078953862190247, -0.1904677301645279, 0.3821375370025635,
]

/** What the engine writes before the first run: address, values. */
export const constants: readonly (readonly [At, readonly number[]])[] = [
  [At.Exp2, [Math.LOG2E, -126, 12582912, ...exp2]],
  [At.Erf, [0.5, Math.SQRT1_2, 3.7, -3.7, 2 / 3.7 ** 2, -1, ...erf]],
]
