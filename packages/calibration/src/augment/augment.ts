import type { Random } from '../folder/random.js'
import { preprocessPixels } from '../preprocess/pixels.js'
import type { Preprocess } from '../preprocess/preprocess.js'
import { resample, type RgbImage } from '../preprocess/resample.js'
import { randomWindow } from './random-window.js'

/** What is seen of an image beside itself: its mirror image, parts of it at random, or such parts, every other mirrored. */
export const augments = ['none', 'flip', 'crop', 'flip-crop'] as const
export type Augment = (typeof augments)[number]

/** How many different views of an image there are. */
export const mostViews = (augment: Augment): number => ({ none: 1, flip: 2 })[augment as string] ?? Infinity

/** The image as the model is to see it, then `views` − 1 that `augment` makes of it: 8-bit RGB, [H, W, 3] each. */
export function augmented(
  image: RgbImage,
  preprocess: Preprocess,
  { augment, views }: { readonly augment: Augment; readonly views: number },
  random: Random,
): Uint8Array[] {
  const whole = preprocessPixels(image, preprocess)
  const [, height, width] = preprocess.inputSize
  const all = { left: 0, top: 0, width, height }
  const part = (): Uint8Array => {
    const window = cropped(image, randomWindow(image.width, image.height, random))
    return resample(window, width, height, preprocess.interpolation, all).data
  }
  const others = Array.from({ length: Math.min(views, mostViews(augment)) - 1 }, (_, i) => {
    if (augment === 'flip') return mirrored(whole, width)
    return augment === 'flip-crop' && i % 2 === 0 ? mirrored(part(), width) : part()
  })
  return [whole, ...others]
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
