import { activations } from './activations.js'
import { arithmetic } from './arithmetic.js'
import { attention } from './attention.js'
import type { Rules } from './context.js'
import { convolution } from './convolution.js'
import { linear } from './linear.js'
import { normalization } from './normalization.js'
import { pooling } from './pooling.js'
import { reduction } from './reduction.js'
import { reshaping } from './reshaping.js'
import { slicing } from './slicing.js'

/** Every operator that can be differentiated, family by family; those of our own with their domain before them. */
export const rules: Rules = {
  ...activations,
  ...arithmetic,
  ...linear,
  ...convolution,
  ...attention,
  ...normalization,
  ...pooling,
  ...reduction,
  ...reshaping,
  ...slicing,
}
