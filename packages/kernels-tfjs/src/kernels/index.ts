import type { Node } from '@tacojs/graph'
import { onHost, type Kernel, type KernelTable } from '../kernel.js'
import { argKernels } from './arg.js'
import { attentionKernels } from './attention.js'
import { binaryKernels } from './binary.js'
import { compareKernels } from './compare.js'
import { convKernels } from './conv.js'
import { gatherKernels } from './gather.js'
import { geluKernels } from './gelu.js'
import { linearKernels } from './linear.js'
import { matmulKernels } from './matmul.js'
import { normKernels } from './norm.js'
import { padKernels } from './pad.js'
import { partKernels } from './parts.js'
import { poolKernels } from './pool.js'
import { reduceKernels } from './reduce.js'
import { shapeKernels } from './shape.js'
import { softmaxKernels } from './softmax.js'
import { spaceKernels } from './space.js'
import { unaryKernels } from './unary.js'

/** Every kernel by domain and operator: the table of contents. */
const kernels: Readonly<Record<string, KernelTable>> = {
  '': {
    ...unaryKernels,
    ...binaryKernels,
    ...compareKernels,
    ...matmulKernels,
    ...convKernels,
    ...normKernels,
    ...softmaxKernels,
    ...poolKernels,
    ...reduceKernels,
    ...argKernels,
    ...shapeKernels,
    ...partKernels,
    ...gatherKernels,
    ...padKernels,
    ...spaceKernels,
    // rare, and no tfjs operator has their meaning
    TopK: onHost,
    GatherElements: onHost,
    GatherND: onHost,
    ScatterElements: onHost,
    ScatterND: onHost,
  },
  'ai.tacojs': { ...linearKernels, ...attentionKernels, ...geluKernels },
}

export const kernelOf = (node: Node): Kernel | undefined => kernels[node.domain]?.[node.op]
