import { TacoError } from '@tacojs/errors'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { readJson } from '../files/read.js'

const interpolations = ['nearest', 'bilinear', 'bicubic', 'box', 'hamming', 'lanczos'] as const
const cropModes = ['center', 'squash', 'border'] as const

/** What a timm `config.json` says of a model and of its preprocessing at evaluation, in timm's words. */
export interface TimmConfig {
  readonly architecture: string
  readonly numClasses: number
  /** Channels, height, width. */
  readonly inputSize: readonly [number, number, number]
  readonly interpolation: (typeof interpolations)[number]
  readonly cropPct: number
  readonly cropMode: (typeof cropModes)[number]
  /** One per channel, of values from 0 to 1. */
  readonly mean: readonly number[]
  readonly std: readonly number[]
  /** In the order of the logits. */
  readonly labelNames?: readonly string[]
  /** How features are pooled before the classifier, where the file says it: 'avg', 'token', 'map', … */
  readonly globalPool?: string
  /** What `timm.create_model` is called with besides the name; without those that are null, which timm drops. */
  readonly modelArgs: ReadonlyMap<string, unknown>
}

/** Reads `config.json`, given itself or its folder. Throws NOT_FOUND, IO, or INVALID_DATA naming the field. */
export async function readTimmConfig(path: string): Promise<TimmConfig> {
  const isFolder = await stat(path).then(
    (s) => s.isDirectory(),
    () => false,
  )
  const file = isFolder ? join(path, 'config.json') : path
  return parseTimmConfig(await readJson(file), file)
}

/** With `pretrained_cfg` nested (hub form) or its fields at the top. `where` names the source in errors. */
export function parseTimmConfig(json: unknown, where = 'the timm config'): TimmConfig {
  const top = asRecord(json, where)
  const nested = top.pretrained_cfg === undefined ? {} : asRecord(top.pretrained_cfg, `${where}: pretrained_cfg`)
  const field = <T>(name: string, wanted: string, is: (v: unknown) => v is T, fallback?: T): T => {
    const value = nested[name] ?? top[name] ?? fallback
    if (is(value)) return value
    const found = value === undefined ? 'is missing' : `is ${JSON.stringify(value)}`
    throw new TacoError('INVALID_DATA', `${where}: ${name} ${found}, ${wanted} is needed`)
  }
  // The model's own count, which a fine-tuned model has changed, is at the top.
  const numClasses = top.num_classes ?? nested.num_classes
  if (!isCount(numClasses)) {
    throw new TacoError(
      'INVALID_DATA',
      `${where}: num_classes is ${JSON.stringify(numClasses)}, a positive count is needed`,
    )
  }
  const modelArgs = new Map(
    Object.entries(asRecord(top.model_args ?? {}, `${where}: model_args`)).filter(([, value]) => value !== null),
  )
  const inputSize = ownSize(field('input_size', 'a list of channels, height and width', isInputSize), modelArgs)
  const perChannel = (v: unknown): v is number[] => isNumbers(v) && v.length === inputSize[0]
  const labelNames = nested.label_names ?? top.label_names
  if (labelNames !== undefined && labelNames !== null && !isNames(labelNames, numClasses)) {
    throw new TacoError('INVALID_DATA', `${where}: label_names is not a list of ${numClasses} names`)
  }
  const globalPool = top.global_pool ?? nested.global_pool
  return {
    architecture: field('architecture', 'a name', (v): v is string => typeof v === 'string' && v !== ''),
    numClasses,
    inputSize,
    // What timm takes where they are absent.
    interpolation: field('interpolation', `one of ${interpolations.join(', ')}`, isOneOf(interpolations), 'bicubic'),
    cropPct: field('crop_pct', 'a number above 0 and at most 1', isFraction, 0.875),
    cropMode: field('crop_mode', `one of ${cropModes.join(', ')}`, isOneOf(cropModes), 'center'),
    mean: field('mean', 'one number per channel', perChannel),
    std: field('std', 'one positive number per channel', (v): v is number[] => perChannel(v) && v.every((s) => s > 0)),
    ...(labelNames ? { labelNames: labelNames as string[] } : {}),
    ...(typeof globalPool === 'string' ? { globalPool } : {}),
    modelArgs,
  }
}

/** A model that was made for images of one size takes no others, whatever its preprocessing was before that. */
function ownSize(
  size: readonly [number, number, number],
  modelArgs: ReadonlyMap<string, unknown>,
): readonly [number, number, number] {
  const own = modelArgs.get('img_size')
  const both = isCount(own) ? [own, own] : own
  const isFixed = Array.isArray(both) && both.length === 2 && both.every(isCount)
  return isFixed && modelArgs.get('dynamic_img_size') !== true ? [size[0], both[0]!, both[1]!] : size
}

function asRecord(value: unknown, where: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw new TacoError('INVALID_DATA', `${where} is not a JSON object`)
}

const isCount = (v: unknown): v is number => Number.isSafeInteger(v) && (v as number) > 0
const isNumbers = (v: unknown): v is number[] => Array.isArray(v) && v.every((n) => Number.isFinite(n))
const isFraction = (v: unknown): v is number => typeof v === 'number' && v > 0 && v <= 1
const isInputSize = (v: unknown): v is [number, number, number] =>
  Array.isArray(v) && v.length === 3 && v.every(isCount)
const isNames = (v: unknown, count: number): v is string[] =>
  Array.isArray(v) && v.length === count && v.every((n) => typeof n === 'string')
const isOneOf =
  <T extends string>(values: readonly T[]) =>
  (v: unknown): v is T =>
    (values as readonly unknown[]).includes(v)
