/** A layer as it occurs in the networks of the matrix. */
export interface LayerShape {
  readonly name: string
  readonly kind: 'linear' | 'conv'
  readonly from: number
  readonly to: number
  /** Linear: positions of one image. Conv: height and width of its input. */
  readonly size: number
  /** Of a square convolution of stride 1 that keeps the size. */
  readonly kernel: number
}

const linear = (from: number, to: number): LayerShape => ({
  name: `linear ${from}→${to}, 197 positions`,
  ...{ kind: 'linear', from, to, size: 197, kernel: 1 },
})
const conv = (kernel: number, from: number, to: number, size: number): LayerShape => ({
  name: `conv ${kernel}×${kernel} ${from}→${to}, ${size}×${size}`,
  ...{ kind: 'conv', from, to, size, kernel },
})

export const layerShapes: readonly LayerShape[] = [
  linear(192, 576),
  linear(192, 768),
  linear(768, 192),
  conv(3, 64, 64, 56),
  conv(3, 128, 128, 28),
  conv(3, 256, 256, 14),
  conv(3, 512, 512, 7),
  conv(1, 256, 1024, 14),
]
