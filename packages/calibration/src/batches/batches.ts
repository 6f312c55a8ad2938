import { isTacoError, TacoError, throwIfAborted } from '@tacojs/errors'
import type { Tensor } from '@tacojs/graph'
import { decodeImage, type DecodeOptions } from '../decode/decode.js'
import type { ImageItem } from '../folder/scan.js'
import { normalize } from '../preprocess/normalize.js'
import { preprocessPixels } from '../preprocess/pixels.js'
import { checkPreprocess, type Preprocess } from '../preprocess/preprocess.js'
import { orderedAhead } from './ordered-ahead.js'

export interface Batch {
  /** Images [N, C, H, W], N ≤ batchSize. */
  readonly input: Tensor<'float32'>
  readonly items: readonly ImageItem[]
  /** The items' class indices. */
  readonly labels: readonly number[]
}

export interface SkippedImage {
  readonly file: string
  readonly reason: string
}

export interface BatchOptions extends DecodeOptions {
  readonly batchSize: number
  /** What to do with an image that cannot be read: stop with its error (default), or leave it out and list it. */
  readonly onCorrupt?: 'error' | 'skip'
  /** Images decoded at the same time. Default 4. */
  readonly concurrency?: number
  readonly signal?: AbortSignal
}

export interface BatchStream extends AsyncIterable<Batch> {
  /** What the current or last iteration has left out so far. */
  readonly skipped: readonly SkippedImage[]
}

/**
 * The items' images as batches, in the items' order, whatever `concurrency` is. Only the last batch may be smaller:
 * skipped images are replaced by the next. At most `concurrency` decoded and `batchSize` + `concurrency` preprocessed
 * images are in memory. Each iteration starts anew.
 *
 * While iterating it throws the errors of `decodeImage`, ABORTED, and INVALID_DATA when not one image could be read;
 * INVALID_ARGUMENT at once for options out of range.
 */
export function batches(items: readonly ImageItem[], preprocess: Preprocess, options: BatchOptions): BatchStream {
  checkPreprocess(preprocess)
  const { batchSize, concurrency = 4 } = options
  for (const [name, value] of Object.entries({ batchSize, concurrency })) {
    if (Number.isSafeInteger(value) && value >= 1) continue
    throw new TacoError('INVALID_ARGUMENT', `${name} is ${value}, a whole number of at least 1 is needed`)
  }
  let skipped: SkippedImage[] = []
  return {
    get skipped() {
      return skipped
    },
    async *[Symbol.asyncIterator]() {
      const mine: SkippedImage[] = []
      skipped = mine
      yield* generate(items, preprocess, { ...options, concurrency }, mine)
    },
  }
}

async function* generate(
  items: readonly ImageItem[],
  preprocess: Preprocess,
  options: BatchOptions & { readonly concurrency: number },
  skipped: SkippedImage[],
): AsyncGenerator<Batch> {
  const { batchSize, concurrency, onCorrupt, signal } = options
  const read = async ({ file }: ImageItem): Promise<Uint8Array | SkippedImage> => {
    throwIfAborted(signal)
    try {
      return preprocessPixels(await decodeImage(file, options), preprocess)
    } catch (error) {
      if (onCorrupt === 'skip' && isTacoError(error)) return { file, reason: error.message }
      throw error
    }
  }
  let pixels: Uint8Array[] = []
  let taken: ImageItem[] = []
  const flush = (): Batch => {
    const batch = toBatch(pixels, taken, preprocess)
    pixels = []
    taken = []
    return batch
  }
  for await (const [item, image] of orderedAhead(items, read, concurrency)) {
    throwIfAborted(signal)
    if (!ArrayBuffer.isView(image)) {
      skipped.push(image)
      continue
    }
    pixels.push(image)
    taken.push(item)
    if (taken.length === batchSize) yield flush()
  }
  if (taken.length > 0) yield flush()
  if (items.length > 0 && skipped.length === items.length) {
    throw new TacoError(
      'INVALID_DATA',
      `none of the ${items.length} images could be read; the first: ${skipped[0].reason}`,
    )
  }
}

function toBatch(pixels: readonly Uint8Array[], items: readonly ImageItem[], preprocess: Preprocess): Batch {
  const [channels, height, width] = preprocess.inputSize
  const size = channels * height * width
  const data = new Float32Array(pixels.length * size)
  pixels.forEach((image, n) => normalize(image, preprocess, data.subarray(n * size, (n + 1) * size)))
  const input: Tensor<'float32'> = { dtype: 'float32', shape: [pixels.length, channels, height, width], data }
  return { input, items, labels: items.map((item) => item.label) }
}
