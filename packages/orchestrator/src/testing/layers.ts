import { float32, node, type Node, type Tensor } from '@tacojs/graph'

/** Tensors of seeded values in (−½, ½), each call going on where the one before ended. */
export function randomTensors(seed: number): (shape: number[]) => Tensor<'float32'> {
  let state = seed
  const next = (): number => (state = (state * 48271) % 2147483647) / 2147483647 - 0.5
  return (shape) => float32(shape, Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, next))
}

/** A convolution named for its weights, padded to keep the image's size. */
export const conv = (x: string, name: string, y: string, size: number, group = 1): Node =>
  node('Conv', [x, `${name}.weight`, `${name}.bias`], [y], {
    attributes: { kernel_shape: [size, size], pads: Array<number>(4).fill((size - 1) / 2), group },
  })
