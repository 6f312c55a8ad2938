import { TacoError } from '@tacojs/errors'
import type { Preprocess } from './preprocess.js'

/**
 * (v / 255 − mean) / std per channel, from pixels [H, W, 3] to planes [3, H, W]. Every step is rounded to float32, as
 * torch does it.
 *
 * @param into where the planes go, e.g. the part of a batch; new memory when left out
 */
export function normalize(
  pixels: Uint8Array,
  preprocess: Pick<Preprocess, 'mean' | 'std'>,
  into: Float32Array = new Float32Array(pixels.length),
): Float32Array {
  if (into.length !== pixels.length || pixels.length % 3 !== 0) {
    throw new TacoError('SHAPE_MISMATCH', `${pixels.length} RGB values do not fill ${into.length} values of 3 planes`)
  }
  const plane = pixels.length / 3
  for (let c = 0; c < 3; c++) {
    const table = valuesOf(preprocess.mean[c], preprocess.std[c])
    for (let i = 0, p = c; i < plane; i++, p += 3) into[c * plane + i] = table[pixels[p]]
  }
  return into
}

function valuesOf(mean: number, std: number): Float32Array {
  const { fround } = Math
  return Float32Array.from({ length: 256 }, (_, v) => fround(fround(v / 255) - fround(mean)) / fround(std))
}
