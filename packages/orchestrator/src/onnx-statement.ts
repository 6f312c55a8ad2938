import { readFile } from 'node:fs/promises'
import type { Interpolation, Label, Preprocess } from '@tacojs/calibration'
import { onnxMetadata } from '@tacojs/model-io'

/** What an ONNX file says of itself beside its graph. */
export interface OnnxStatement {
  readonly metadata: ReadonlyMap<string, string>
  /** From `taco.preprocess` and `taco.labels`, which our exports have; absent where they are not what they should be. */
  readonly preprocess?: Preprocess
  readonly labels?: readonly Label[]
}

/** Reads the metadata of an ONNX file. Throws INVALID_MODEL for other bytes. */
export async function onnxStatement(file: string): Promise<OnnxStatement> {
  const metadata = onnxMetadata(await readFile(file))
  const [preprocess, names] = ['taco.preprocess', 'taco.labels'].map((key) => parsedJson(metadata.get(key)))
  return {
    metadata,
    ...(isPreprocess(preprocess) ? { preprocess } : {}),
    ...(isNames(names) ? { labels: names.map((name, index) => ({ index, name })) } : {}),
  }
}

/** Undefined where it is not JSON. */
export function parsedJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

const interpolations: readonly Interpolation[] = ['nearest', 'box', 'bilinear', 'hamming', 'bicubic', 'lanczos']
const isNames = (v: unknown): v is string[] => Array.isArray(v) && v.every((name) => typeof name === 'string')
const isNumbers = (v: unknown): v is number[] =>
  Array.isArray(v) && v.length === 3 && v.every((n) => Number.isFinite(n))

/** Whether a value has the form of preprocessing; ranges are checked where images are read. */
export function isPreprocess(value: unknown): value is Preprocess {
  if (typeof value !== 'object' || value === null) return false
  const { inputSize, interpolation, cropPct, cropMode, mean, std } = value as Record<string, unknown>
  return (
    [inputSize, mean, std].every(isNumbers) &&
    interpolations.includes(interpolation as Interpolation) &&
    typeof cropPct === 'number' &&
    ['center', 'squash', 'border'].includes(cropMode as string)
  )
}
