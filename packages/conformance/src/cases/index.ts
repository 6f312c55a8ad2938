import { activationCases } from './activations.js'
import { attentionCases } from './attention.js'
import { binaryCases } from './binary.js'
import type { OperatorCase } from './case.js'
import { chainCases } from './chains.js'
import { convCases } from './conv.js'
import { indexingCases } from './indexing.js'
import { linearCases } from './linear.js'
import { movementCases } from './movement.js'
import { networkCases } from './networks/index.js'
import { normalizationCases } from './normalization.js'
import { poolingCases } from './pooling.js'
import { reductionCases } from './reduction.js'
import { softmaxCases } from './softmax.js'
import { sparseCases } from './sparse-layers.js'
import { tailCases } from './tails.js'
import { unaryCases } from './unary.js'
import { valueCases } from './values.js'

/** Every case: operators by family, values that are not finite, what may be fused, whole small networks. */
export const cases: readonly OperatorCase[] = [
  ...unaryCases,
  ...binaryCases,
  ...linearCases,
  ...attentionCases,
  ...convCases,
  ...sparseCases,
  ...normalizationCases,
  ...softmaxCases,
  ...poolingCases,
  ...reductionCases,
  ...movementCases,
  ...indexingCases,
  ...valueCases,
  ...activationCases,
  ...tailCases,
  ...chainCases,
  ...networkCases,
]
