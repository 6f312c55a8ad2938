import type { Tensor } from '@tacojs/graph'

/**
 * How far the logits [N, classes] of the same images moved: the mean over images of the squared distance, each image's
 * mean over classes taken off before, since the softmax does not see it.
 */
export function outputChange(before: Tensor, after: Tensor): number {
  const [images, classes] = before.shape as [number, number]
  const [a, b] = [before.data as Float32Array, after.data as Float32Array]
  let sum = 0
  for (let image = 0; image < images; image++) {
    let mean = 0
    for (let k = image * classes; k < (image + 1) * classes; k++) mean += (b[k]! - a[k]!) / classes
    for (let k = image * classes; k < (image + 1) * classes; k++) sum += (b[k]! - a[k]! - mean) ** 2
  }
  return sum / images
}
