import type { Random } from '../folder/random.js'
import type { Window } from '../preprocess/resample.js'

/** Share of the image's area: at least half, so that what the class is told by is mostly there. */
const leastArea = 0.5
/** Width to height of the part, over that of a square: torchvision's range. */
const mostStretched = 4 / 3
/** How often a part that does not fit is drawn again. */
const attempts = 10

/**
 * The part of an image that a random resized crop shows (Szegedy et al. 2014, section 6; torchvision's
 * RandomResizedCrop with a milder scale): its area even between a half and all of the image's, the logarithm of its
 * aspect ratio even between those of 3/4 and 4/3, its place even over all that it fits in. Where no draw fits, as in
 * panoramas, the largest part in the middle whose ratio is allowed.
 */
export function randomWindow(width: number, height: number, random: Random): Window {
  const uniform = (): number => (random(2 ** 32) + 0.5) / 2 ** 32
  for (let attempt = 0; attempt < attempts; attempt++) {
    const area = width * height * (leastArea + uniform() * (1 - leastArea))
    const ratio = mostStretched ** (2 * uniform() - 1)
    const [w, h] = [Math.round(Math.sqrt(area * ratio)), Math.round(Math.sqrt(area / ratio))]
    if (w < 1 || h < 1 || w > width || h > height) continue
    return { left: random(width - w + 1), top: random(height - h + 1), width: w, height: h }
  }
  const w = Math.min(width, Math.max(1, Math.round(height * mostStretched)))
  const h = Math.min(height, Math.max(1, Math.round(width * mostStretched)))
  return { left: Math.floor((width - w) / 2), top: Math.floor((height - h) / 2), width: w, height: h }
}
