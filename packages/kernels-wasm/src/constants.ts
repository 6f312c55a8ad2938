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

/**
 * (Φ(x) − ½)/x on |x| ≤ 5.1, Φ the normal distribution, as a polynomial in u = 2x²/5.1² − 1, fitted for the error of
 * x · Φ(x), which is at most 1.1e-6 on [−8, 8].
 */
const gelu = [
  0.0006540116737596691, -0.0019566589035093784, 0.002404856262728572, -0.0032300176098942757, 0.006859556771814823,
  -0.012023934163153172, 0.017465626820921898, -0.02401657961308956, 0.0317160002887249, -0.040218643844127655,
  0.050782959908246994, -0.06900326162576675, 0.1386052817106247,
]

/** What the engine writes before the first run: address, values. */
export const constants: readonly (readonly [At, readonly number[]])[] = [
  [At.Exp2, [Math.LOG2E, -126, 12582912, ...exp2]],
  [At.Gelu, [0.5, 5.1, -5.1, 2 / 5.1 ** 2, -1, ...gelu]],
  [At.Erf, [0.5, Math.SQRT1_2, 3.7, -3.7, 2 / 3.7 ** 2, -1, ...erf]],
]
