import { isTacoError, TacoError, throwIfAborted } from '@tacojs/errors'
import type { Tensor } from '@tacojs/graph'
import { basename } from 'node:path'
import { augmented, augments, type Augment } from '../augment/augment.js'
import { decodeImage, type DecodeOptions } from '../decode/decode.js'
import { seededRandom } from '../folder/random.js'
import type { ImageItem } from '../folder/scan.js'
import { normalize } from '../preprocess/normalize.js'
import { checkPreprocess, type Preprocess } from '../preprocess/preprocess.js'
import { orderedAhead } from './ordered-ahead.js'

export interface Batch {
  /** Images [N, C, H, W], N ≤ batchSize. */
  readonly input: Tensor<'float32'>
  /** The item of each image; of augmented ones as often the same as there are views. */
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
  /** What is seen of each image beside itself, right behind it. Default 'none'. */
  readonly augment?: Augment
  /** How often each image is seen, itself included; no more often than there are different views. Default 2. */
  readonly views?: number
  /** Of the random crops; an image's crops depend on its own name and class only. Default 0. */
  readonly seed?: number
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
  const { batchSize, concurrency = 4, views = 2 } = options
  for (const [name, value] of Object.entries({ batchSize, concurrency, views })) {
    if (Number.isSafeInteger(value) && value >= 1) continue
    throw new TacoError('INVALID_ARGUMENT', `${name} is ${value}, a whole number of at least 1 is needed`)
  }
  if (options.augment !== undefined && !augments.includes(options.augment)) {
    throw new TacoError('INVALID_ARGUMENT', `augment is '${options.augment}'; use one of ${augments.join(', ')}`)
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
  const { batchSize, concurrency, onCorrupt, signal, augment = 'none', views = 2, seed = 0 } = options
  const read = async ({ file, label }: ImageItem): Promise<Uint8Array[] | SkippedImage> => {
    throwIfAborted(signal)
    try {
      const random = seededRandom(seed, `crop ${label}/${basename(file)}`)
      return augmented(await decodeImage(file, options), preprocess, { augment, views }, random)
    } catch (error) {
      if (onCorrupt === 'skip' && isTacoError(error)) return { file, reason: error.message }
      if (!isTacoError(error) || error.code !== 'INVALID_DATA') throw error
      const advice = 'take it away, or leave out what cannot be read (--skip-corrupt)'
      throw new TacoError(error.code, `${error.message}; ${advice}`, { cause: error })
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
  for await (const [item, views] of orderedAhead(items, read, concurrency)) {
    throwIfAborted(signal)
    if (!Array.isArray(views)) {
      skipped.push(views)
      continue
    }
    for (const view of views) {
      pixels.push(view)
      taken.push(item)
      if (taken.length === batchSize) yield flush()
    }
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
