import { float32, type Tensor } from '@tacojs/graph'
import { outputSize, unfolding, type Window } from './unfold.js'
import { channelsLast } from './testing/channels-last.js'

/** Any values, reproducible. */
const values = (shape: number[]): Tensor => {
  const size = shape.reduce((a, b) => a * b, 1)
  return float32(
    shape,
    Float32Array.from({ length: size }, (_, i) => Math.sin(i * 12.9898) * 10),
  )
}

/** All patches, one below the other. */
function unfold(x: Tensor, window: Window, first: number, channels: number): { data: Float32Array; n: number } {
  const cols = channels * window.kernel[0] * window.kernel[1]
  const [height, width] = outputSize(x, window)
  const plane = height * width
  const n = x.shape[0]! * plane
  const data = new Float32Array(n * cols).fill(NaN)
  const write = unfolding(x, window, channels)
  const positions = Int32Array.from({ length: plane }, (_, p) => p)
  for (let image = 0; image < x.shape[0]!; image++) write(image, first, positions, data.subarray(image * plane * cols))
  return { data, n }
}

/** Convolution by its definition, one group, no bias. */
function convolution(x: Tensor, w: Tensor, { strides, pads, dilations }: Window): Tensor {
  const [n, c, h, width] = x.shape as [number, number, number, number]
  const [o, , kh, kw] = w.shape as [number, number, number, number]
  const oh = Math.floor((h + pads[0] + pads[2] - dilations[0] * (kh - 1) - 1) / strides[0]) + 1
  const ow = Math.floor((width + pads[1] + pads[3] - dilations[1] * (kw - 1) - 1) / strides[1]) + 1
  const out = new Float32Array(n * o * oh * ow)
  const [xd, wd] = [x.data as Float32Array, w.data as Float32Array]
  for (let b = 0, to = 0; b < n; b++)
    for (let f = 0; f < o; f++)
      for (let y = 0; y < oh; y++)
        for (let z = 0; z < ow; z++, to++)
          for (let ch = 0; ch < c; ch++)
            for (let i = 0; i < kh; i++)
              for (let j = 0; j < kw; j++) {
                const yy = y * strides[0] - pads[0] + i * dilations[0]
                const zz = z * strides[1] - pads[1] + j * dilations[1]
                if (yy < 0 || yy >= h || zz < 0 || zz >= width) continue
                out[to]! += xd[((b * c + ch) * h + yy) * width + zz]! * wd[((f * c + ch) * kh + i) * kw + j]!
              }
  return float32([n, o, oh, ow], out)
}

const windows: [string, Window][] = [
  ['3×3 padded', { kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1] }],
  ['3×2, stride 2×1, uneven pads', { kernel: [3, 2], strides: [2, 1], pads: [1, 0, 0, 1], dilations: [1, 1] }],
  ['dilated', { kernel: [2, 3], strides: [1, 2], pads: [0, 2, 1, 2], dilations: [3, 2] }],
  ['1×1, stride 2', { kernel: [1, 1], strides: [2, 2], pads: [0, 0, 0, 0], dilations: [1, 1] }],
]

test.each(windows)('rows times weights is the convolution: %s', (_, window) => {
  const x = values([2, 3, 7, 6])
  const w = values([4, 3, ...window.kernel])
  const expected = convolution(x, w, window)
  const y = channelsLast(expected, 0, 4)
  const { data, n } = unfold(x, window, 0, 3)
  const cols = 3 * window.kernel[0] * window.kernel[1]
  expect(data.length).toBe(n * cols)
  expect(y.length).toBe(n * 4)
  for (let r = 0; r < n; r++) {
    for (let f = 0; f < 4; f++) {
      let sum = 0
      for (let k = 0; k < cols; k++) sum += data[r * cols + k]! * (w.data as Float32Array)[f * cols + k]!
      expect(sum).toBeCloseTo(y[r * 4 + f]!, 2)
    }
  }
})

test('a group sees its own channels only', () => {
  const x = values([1, 4, 3, 3])
  const window: Window = { kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1] }
  const { data } = unfold(x, window, 2, 2)
  expect([...data]).toEqual([...channelsLast(x, 2, 2)])
})

test('some positions are those of all', () => {
  const [x, window] = [values([1, 2, 5, 6]), windows[1]![1]]
  const { data, n } = unfold(x, window, 0, 2)
  const [cols, some] = [data.length / n, Int32Array.of(0, 3, n - 1)]
  const rows = new Float32Array(3 * cols)
  unfolding(x, window, 2)(0, 0, some, rows)
  expect([...rows]).toEqual([...some].flatMap((p) => [...data.subarray(p * cols, (p + 1) * cols)]))
})
