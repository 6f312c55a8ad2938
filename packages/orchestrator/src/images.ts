import { batches, type Batch, type ImageItem, type Preprocess, type SkippedImage } from '@tacojs/calibration'
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
  onProgress?: (images: number) => void,
): Promise<{ batches: Batch[]; skipped: readonly SkippedImage[] }> {
  const stream = batches(items, preprocess, reading)
  const all: Batch[] = []
  let inputs = 0
  for await (const batch of stream) {
    all.push(batch)
    inputs += batch.labels.length
    onProgress?.(Math.floor(inputs / reading.views))
  }
  return { batches: all, skipped: stream.skipped }
}
