import { binaryCases } from './binary.js'
import type { OperatorCase } from './case.js'
import { convCases } from './conv.js'
import { linearCases } from './linear.js'
import { movementCases } from './movement.js'
import { networkCases } from './networks.js'
import { normalizationCases } from './normalization.js'
import { poolingCases } from './pooling.js'
import { reductionCases } from './reduction.js'
import { unaryCases } from './unary.js'

/** Every case, by operator family; whole small networks last. */
export const cases: readonly OperatorCase[] = [
  ...unaryCases,
  ...binaryCases,
  ...linearCases,
  ...convCases,
  ...normalizationCases,
  ...poolingCases,
  ...reductionCases,
  ...movementCases,
  ...networkCases,
]
