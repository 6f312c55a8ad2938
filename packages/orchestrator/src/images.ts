import { batches, type Batch, type ImageItem, type Preprocess, type SkippedImage } from '@tacojs/calibration'
import { TacoError } from '@tacojs/errors'
import type { Recipe } from './recipe.js'

export interface ImageReading {
  readonly batchSize: number
  readonly exif: Recipe['exif']
  readonly onCorrupt: Recipe['onCorrupt']
  readonly signal?: AbortSignal
}

/** All batches of a small set, augmented, held in memory, and what had to be skipped. */
export async function readAll(
  items: readonly ImageItem[],
  preprocess: Preprocess,
  reading: ImageReading & Pick<Recipe, 'augment' | 'seed'> & { readonly views: number },
  onProgress: (images: number) => void = () => undefined,
): Promise<{ batches: Batch[]; skipped: readonly SkippedImage[] }> {
  const stream = batches(items, preprocess, reading)
  const all: Batch[] = []
  let inputs = 0
  onProgress(0)
  for await (const batch of stream) {
    all.push(batch)
    inputs += batch.labels.length
    // the last is news only when it is over, which it is also where some had to be skipped
    onProgress(Math.min(items.length - 1, Math.floor(inputs / reading.views)))
  }
  onProgress(items.length)
  return { batches: all, skipped: stream.skipped }
}

/** Throws INVALID_DATA where all images of a class had to be skipped: nothing would speak for it. */
export function checkClassesRead(
  classes: readonly { readonly folder: string }[],
  items: readonly ImageItem[],
  skipped: readonly SkippedImage[],
): void {
  const unread = new Set(skipped.map(({ file }) => file))
  const read = new Set(items.filter(({ file }) => !unread.has(file)).map(({ label }) => label))
  const missing = classes.filter((_, label) => !read.has(label)).map(({ folder }) => `'${folder}'`)
  if (missing.length === 0) return
  throw new TacoError(
    'INVALID_DATA',
    `no image of ${missing.join(', ')} that was chosen could be read: put others there, or leave the class out`,
  )
}
