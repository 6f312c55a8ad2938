import { TacoError } from '@tacojs/errors'
import type { TimmConfig } from './config.js'

/** Arguments of all families that matter for training only, or that the weights tell. */
const always = [
  'num_classes',
  'in_chans',
  'pretrained',
  'drop_rate',
  'drop_path_rate',
  'drop_block_rate',
  'pos_drop_rate',
  'patch_drop_rate',
  'proj_drop_rate',
  'attn_drop_rate',
  'zero_init_last',
  'weight_init',
  'fix_init',
  'head_init_scale',
]

/**
 * The arguments that change what is computed in a way the weights do not tell.
 *
 * @param told those that weights or sizes of images tell, so that they need not be read
 * @param read those that the caller reads
 * @throws UNSUPPORTED for any other one, since it may change the result
 */
export function modelArguments(
  { architecture, modelArgs }: TimmConfig,
  told: readonly string[],
  read: readonly string[],
): Arguments {
  for (const name of modelArgs.keys()) {
    if (![...always, ...told, ...read].includes(name)) {
      throw new TacoError('UNSUPPORTED', `model_args of '${architecture}': ${name} is not supported`)
    }
  }
  const wrong = (name: string, wanted: string) =>
    new TacoError(
      'INVALID_DATA',
      `model_args of '${architecture}': ${name} is ${JSON.stringify(modelArgs.get(name))}, ${wanted} is needed`,
    )
  return {
    has: (name) => modelArgs.has(name),
    real: (name, fallback) => {
      const value = modelArgs.get(name) ?? fallback
      if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong(name, 'a number')
      return value
    },
    text: (name, fallback) => {
      const value = modelArgs.get(name) ?? fallback
      if (typeof value !== 'string') throw wrong(name, 'a name')
      return value
    },
    number: (name, fallback) => {
      const value = modelArgs.get(name) ?? fallback
      if (typeof value !== 'number' || !(value > 0)) throw wrong(name, 'a positive number')
      return value
    },
    flag: (name, fallback) => {
      const value = modelArgs.get(name) ?? fallback
      if (typeof value !== 'boolean') throw wrong(name, 'true or false')
      return value
    },
    pair: (name, fallback) => {
      const value = modelArgs.get(name) ?? fallback
      const both = typeof value === 'number' ? [value, value] : value
      if (!Array.isArray(both) || both.length !== 2 || !both.every((v) => Number.isSafeInteger(v) && v > 0)) {
        throw wrong(name, 'a size, or height and width')
      }
      return both as [number, number]
    },
  }
}

/** Typed access; each throws INVALID_DATA for a value of another kind. */
export interface Arguments {
  has(name: string): boolean
  real(name: string, fallback: number): number
  text(name: string, fallback: string): string
  number(name: string, fallback: number): number
  flag(name: string, fallback: boolean): boolean
  pair(name: string, fallback: readonly [number, number]): [number, number]
}
