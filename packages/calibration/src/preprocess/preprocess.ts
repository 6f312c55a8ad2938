import { TacoError } from '@tacojs/errors'
import { filters, type Interpolation } from './filters.js'

/** How a decoded image becomes a model's input, in timm's words. */
export interface Preprocess {
  /** Channels (3), height, width. */
  readonly inputSize: readonly [number, number, number]
  /** Pillow's resampling filter. A non-square input with crop mode `center` is always bilinear, as in timm. */
  readonly interpolation: Interpolation
  /** The part of the resized image's side that the crop keeps, above 0 and at most 1. */
  readonly cropPct: number
  /**
   * - `center`: the short side fits, the middle is cut out
   * - `squash`: both sides fit, the aspect ratio is lost
   * - `border`: the long side fits, the rest is filled with the mean colour
   */
  readonly cropMode: 'center' | 'squash' | 'border'
  /** One per channel, of values from 0 to 1. */
  readonly mean: readonly number[]
  readonly std: readonly number[]
}

const imagenetMean: readonly number[] = [0.485, 0.456, 0.406]
const imagenetStd: readonly number[] = [0.229, 0.224, 0.225]

/** timm's defaults for a model that says nothing but its input size [C, H, W]. */
export function defaultPreprocess(inputSize: readonly [number, number, number]): Preprocess {
  const preprocess: Preprocess = {
    inputSize,
    interpolation: 'bicubic',
    cropPct: 0.875,
    cropMode: 'center',
    mean: imagenetMean,
    std: imagenetStd,
  }
  checkPreprocess(preprocess)
  return preprocess
}

/** Throws INVALID_ARGUMENT naming the field that is out of range, or UNSUPPORTED for anything but three channels. */
export function checkPreprocess(p: Preprocess): void {
  const bad = (field: string, wanted: string, got: unknown): never => {
    throw new TacoError('INVALID_ARGUMENT', `preprocess.${field} is ${JSON.stringify(got)}, ${wanted} is needed`)
  }
  const size = p.inputSize
  if (!Array.isArray(size) || size.length !== 3 || !size.every((n) => Number.isSafeInteger(n) && n >= 1 && n <= 8192)) {
    bad('inputSize', '[channels, height, width], each from 1 to 8192,', size)
  }
  if (size[0] !== 3) {
    throw new TacoError('UNSUPPORTED', `images are given as 3 channels (RGB), but the model takes ${size[0]}`)
  }
  if (!Object.hasOwn(filters, p.interpolation)) {
    bad('interpolation', `one of ${Object.keys(filters).join(', ')}`, p.interpolation)
  }
  // The lower bound keeps the size of the resized image within what coordinates can express.
  if (!(p.cropPct >= 0.01 && p.cropPct <= 1)) bad('cropPct', 'a number from 0.01 to 1', p.cropPct)
  if (!['center', 'squash', 'border'].includes(p.cropMode)) bad('cropMode', 'center, squash or border', p.cropMode)
  const perChannel = (v: readonly number[]): boolean => Array.isArray(v) && v.length === 3 && v.every(Number.isFinite)
  if (!perChannel(p.mean)) bad('mean', 'a list of 3 numbers', p.mean)
  if (!perChannel(p.std) || p.std.some((s) => s <= 0)) bad('std', 'a list of 3 positive numbers', p.std)
}
