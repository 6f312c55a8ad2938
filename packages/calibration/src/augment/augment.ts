import type { Random } from '../folder/random.js'
import { preprocessPixels } from '../preprocess/pixels.js'
import type { Preprocess } from '../preprocess/preprocess.js'
import { resample, type RgbImage } from '../preprocess/resample.js'
import { randomWindow } from './random-window.js'

/** What is seen of an image beside itself: its mirror image, a part of it at random, or that part mirrored. */
export const augments = ['none', 'flip', 'crop', 'flip-crop'] as const
export type Augment = (typeof augments)[number]

/** How many inputs one image gives. */
export const viewsOf = (augment: Augment): number => (augment === 'none' ? 1 : 2)

/** The image as the model is to see it, then what `augment` adds: 8-bit RGB, [H, W, 3] each. */
export function augmented(image: RgbImage, preprocess: Preprocess, augment: Augment, random: Random): Uint8Array[] {
  const whole = preprocessPixels(image, preprocess)
  const [, height, width] = preprocess.inputSize
  if (augment === 'none') return [whole]
  if (augment === 'flip') return [whole, mirrored(whole, width)]
  const part = cropped(image, randomWindow(image.width, image.height, random))
  const all = { left: 0, top: 0, width, height }
  const resized = resample(part, width, height, preprocess.interpolation, all).data
  return [whole, augment === 'crop' ? resized : mirrored(resized, width)]
}

/** Left and right exchanged. */
function mirrored(pixels: Uint8Array, width: number): Uint8Array {
  const out = new Uint8Array(pixels.length)
  const line = 3 * width
  for (let row = 0; row < pixels.length; row += line) {
    for (let x = 0; x < line; x += 3) out.set(pixels.subarray(row + x, row + x + 3), row + line - 3 - x)
  }
  return out
}

function cropped(image: RgbImage, { left, top, width, height }: ReturnType<typeof randomWindow>): RgbImage {
  const data = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * image.width + left) * 3
    data.set(image.data.subarray(from, from + width * 3), y * width * 3)
  }
  return { width, height, data }
}
