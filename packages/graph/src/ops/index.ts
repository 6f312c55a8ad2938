import type { Domain } from '../graph.js'
import { cast } from './cast.js'
import { creation } from './creation.js'
import type { OpDefinition } from './definition.js'
import { elementwise } from './elementwise.js'
import { fused } from './fused.js'
import { indexing } from './indexing.js'
import { linear } from './linear.js'
import { normalization } from './normalization.js'
import { pooling } from './pooling.js'
import { reduction } from './reduction.js'
import { reshaping } from './reshaping.js'
import { slicing } from './slicing.js'

/** Every operator that a graph can hold. */
export const opDefinitions: readonly OpDefinition[] = [
  ...elementwise,
  cast,
  ...linear,
  ...normalization,
  ...pooling,
  ...reduction,
  ...reshaping,
  ...slicing,
  ...indexing,
  ...creation,
  ...fused,
]

const byName = new Map(opDefinitions.map((definition) => [`${definition.domain}:${definition.op}`, definition]))

export const opDefinition = (op: string, domain: Domain = ''): OpDefinition | undefined => byName.get(`${domain}:${op}`)
