import { TacoError } from '@tacojs/errors'
import { geometryOf } from './geometry.js'
import { checkPreprocess, type Preprocess } from './preprocess.js'
import { resample, type RgbImage } from './resample.js'

/**
 * Resized and cropped pixels, 8-bit RGB [H, W, 3] with H and W of `inputSize`: what timm's evaluation transform gives
 * before normalisation, bit for bit.
 * Throws SHAPE_MISMATCH when the data is not [height, width, 3], INVALID_ARGUMENT for a preprocess out of range.
 */
export function preprocessPixels(image: RgbImage, preprocess: Preprocess): Uint8Array {
  checkPreprocess(preprocess)
  if (!(image.width >= 1 && image.height >= 1) || image.data.length !== image.width * image.height * 3) {
    throw new TacoError(
      'SHAPE_MISMATCH',
      `an RGB image of ${image.width} × ${image.height} has ${image.width * image.height * 3} values, got ${image.data.length}`,
    )
  }
  const [, height, width] = preprocess.inputSize
  const at = geometryOf(image.width, image.height, preprocess)
  const left = Math.max(0, at.left)
  const top = Math.max(0, at.top)
  const window = { left, top, width: Math.min(width, at.width - left), height: Math.min(height, at.height - top) }
  const part = resample(image, at.width, at.height, at.interpolation, window)
  if (window.width === width && window.height === height) return part.data
  const out = new Uint8Array(height * width * 3)
  for (let i = 0; i < out.length; i++) out[i] = at.fill[i % 3]
  for (let y = 0; y < window.height; y++) {
    const row = part.data.subarray(y * window.width * 3, (y + 1) * window.width * 3)
    out.set(row, ((y + top - at.top) * width + left - at.left) * 3)
  }
  return out
}
