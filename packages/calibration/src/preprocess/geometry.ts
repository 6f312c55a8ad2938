import type { Interpolation } from './filters.js'
import type { Preprocess } from './preprocess.js'

/** Where the pixels of the model's input come from. */
export interface Geometry {
  /** Size of the whole image after the resize. */
  readonly width: number
  readonly height: number
  readonly interpolation: Interpolation
  /** Offset of the crop in the resized image; negative where there is padding before it. */
  readonly left: number
  readonly top: number
  /** Colour of the padding. */
  readonly fill: readonly number[]
}

/** timm's resize and centre crop (`create_transform(is_training=False)`) for an image of the given size. */
export function geometryOf(width: number, height: number, p: Preprocess): Geometry {
  const [, cropHeight, cropWidth] = p.inputSize
  const [w, h, interpolation] = resizedSize(width, height, p)
  return {
    width: w,
    height: h,
    interpolation,
    left: offset(w, cropWidth),
    top: offset(h, cropHeight),
    fill: p.cropMode === 'border' ? p.mean.map((m) => roundHalfEven(255 * m)) : [0, 0, 0],
  }
}

function resizedSize(width: number, height: number, p: Preprocess): [number, number, Interpolation] {
  const targetHeight = Math.floor(p.inputSize[1] / p.cropPct)
  const targetWidth = Math.floor(p.inputSize[2] / p.cropPct)
  if (p.cropMode === 'squash') return [targetWidth, targetHeight, p.interpolation]
  if (p.cropMode === 'center' && targetWidth === targetHeight) {
    // torchvision's Resize(int): the long side is truncated, not rounded.
    const long = (a: number, b: number): number => Math.trunc((targetWidth * a) / b)
    return width <= height
      ? [targetWidth, long(height, width), p.interpolation]
      : [long(width, height), targetHeight, p.interpolation]
  }
  // timm's ResizeKeepRatio. It is not given the configured interpolation for a centre crop: bilinear, its default.
  const pick = p.cropMode === 'border' ? Math.max : Math.min
  const ratio = pick(height / targetHeight, width / targetWidth)
  // At least one pixel is left of the thinnest image.
  const side = (length: number): number => Math.max(1, roundHalfEven(length / ratio))
  return [side(width), side(height), p.cropMode === 'border' ? p.interpolation : 'bilinear']
}

/** The smaller half of the padding is before the image; the crop is rounded half to even. */
const offset = (size: number, crop: number): number =>
  size < crop ? -Math.floor((crop - size) / 2) : roundHalfEven((size - crop) / 2)

/** Python's round(). */
export function roundHalfEven(x: number): number {
  const floor = Math.floor(x)
  const rest = x - floor
  return rest < 0.5 || (rest === 0.5 && floor % 2 === 0) ? floor : floor + 1
}
