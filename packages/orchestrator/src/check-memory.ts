import { totalmem } from 'node:os'
import { TacoError } from '@tacojs/errors'

/**
 * Throws OUT_OF_MEMORY, before anything is read, where the images and the activations of both streams are more than the
 * machine has: it would be killed without a word.
 *
 * @param of.image elements of one image, @param of.frontier bytes of its activations between two steps of a stream
 */
export function checkMemory(
  of: { readonly images: number; readonly views: number; readonly image: number; readonly frontier: number },
  available = totalmem(),
): void {
  const needed = of.images * of.views * (Float32Array.BYTES_PER_ELEMENT * of.image + 2 * of.frontier)
  if (needed <= available) return
  // something is needed beside them
  const fit = Math.floor((0.8 * available * of.images) / needed)
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`
  throw new TacoError(
    'OUT_OF_MEMORY',
    `${of.images} images${of.views > 1 ? `, ${of.views} views of each,` : ''} and their activations take ${gigabytes(needed)} of memory, this machine has ${gigabytes(available)}; take fewer shots, some ${fit} images fit`,
  )
}
