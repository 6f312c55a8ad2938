import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import * as tf from '@tensorflow/tfjs-core'
import { registerDenseGradients } from '../ops/testing/dense-gradients.js'

const folder = join(dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-core')), 'gradients')

/** What the gradients of tfjs import from files of its own: all of it is public. */
const names: object = { ...tf.util, ...tf.broadcast_util, ...tf.backend_util, ...tf, axis_util: tf.backend_util }

/** tfjs's own gradient of a kernel. Its files are modules that Node cannot import: their imports are bound here. */
function gradientOf(kernel: string): tf.GradConfig {
  const text = readFileSync(join(folder, `${kernel}_grad.js`), 'utf8')
    .replace(/^import \* as (\w+) from .*$/gm, 'const { $1 } = names')
    .replace(/^import \{([^}]*)\} from .*$/gm, (_, list: string) => `const {${list.replace(/ as /g, ': ')}} = names`)
    .replace(/^export const (\w+) =/m, 'return')
  return new Function('names', text)(names) as tf.GradConfig
}

/** The gradients that the named kernels and dense products need, from tfjs. */
export function registerGradients(kernels: readonly string[]): void {
  registerDenseGradients()
  for (const kernel of kernels) tf.registerGradient(gradientOf(kernel))
}
