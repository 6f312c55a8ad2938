import { TacoError } from '@tacojs/errors'
import { samplePerClass, type ImageFolder, type ImageItem } from '@tacojs/calibration'

/** Most held-out images of a class; more would tell hardly more, and each is read for every sparsity that is tried. */
const mostPerClass = 100

/**
 * Images of the task's folder that are no shots, at most a hundred of each class.
 *
 * @throws INVALID_ARGUMENT where all of them are shots
 */
export function heldOut(folder: ImageFolder, shots: readonly ImageItem[], seed: number): readonly ImageItem[] {
  const seen = new Set(shots.map(({ file }) => file))
  const rest = folder.items.filter(({ file }) => !seen.has(file))
  if (rest.length === 0) {
    throw new TacoError(
      'INVALID_ARGUMENT',
      `maxDrop: all images of '${folder.dir}' are shots, so none is left to measure on; name a folder of others (dev), or take fewer shots`,
    )
  }
  return samplePerClass({ ...folder, items: rest }, mostPerClass, seed).items
}
