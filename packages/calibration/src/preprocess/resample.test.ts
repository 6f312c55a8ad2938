import type { Interpolation } from './filters.js'
import { resample, type RgbImage } from './resample.js'
import { FRACTION_BITS, kernelTaps } from './taps.js'
import { filters } from './filters.js'

const image: RgbImage = {
  width: 5,
  height: 4,
  data: Uint8Array.from({ length: 60 }, (_, i) => (i * i * 7 + i * 31) % 256),
}
const whole = (width: number, height: number) => ({ left: 0, top: 0, width, height })

// What Pillow 12.3 gives for the image above, resized to 3 × 2 and to 4 × 6.
const pillow: Record<Interpolation, [number[], number[]]> = {
  nearest: [
    [248, 240, 246, 154, 230, 64, 52, 212, 130, 210, 110, 24, 76, 60, 58, 190, 2, 84],
    [
      0, 38, 90, 156, 236, 74, 78, 242, 164, 100, 50, 14, 248, 240, 246, 10, 44, 92, 168, 30, 162, 52, 212, 130, 248,
      240, 246, 10, 44, 92, 168, 30, 162, 52, 212, 130, 62, 8, 224, 198, 186, 188, 80, 152, 238, 82, 196, 68, 62, 8,
      224, 198, 186, 188, 80, 152, 238, 82, 196, 68, 210, 110, 24, 208, 150, 106, 70, 96, 136, 190, 2, 84,
    ],
  ],
  box: [
    [104, 140, 126, 168, 139, 124, 100, 134, 118, 170, 114, 136, 140, 147, 40, 106, 112, 132],
    [
      0, 38, 90, 169, 142, 129, 78, 242, 164, 100, 50, 14, 248, 240, 246, 82, 137, 78, 168, 30, 162, 52, 212, 130, 248,
      240, 246, 82, 137, 78, 168, 30, 162, 52, 212, 130, 62, 8, 224, 201, 210, 105, 80, 152, 238, 82, 196, 68, 210, 110,
      24, 142, 105, 82, 70, 96, 136, 190, 2, 84, 210, 110, 24, 142, 105, 82, 70, 96, 136, 190, 2, 84,
    ],
  ],
  bilinear: [
    [108, 132, 143, 144, 148, 121, 94, 139, 115, 162, 113, 141, 137, 146, 96, 109, 113, 126],
    [
      39, 88, 86, 167, 158, 120, 121, 161, 172, 95, 98, 52, 114, 140, 147, 119, 140, 100, 142, 137, 147, 88, 133, 95,
      173, 168, 209, 92, 136, 87, 157, 125, 126, 81, 170, 133, 112, 76, 214, 179, 192, 112, 137, 174, 143, 82, 182, 116,
      153, 87, 130, 177, 159, 103, 103, 134, 126, 121, 106, 104, 210, 120, 45, 153, 112, 86, 73, 81, 103, 160, 26, 97,
    ],
  ],
  hamming: [
    [109, 137, 139, 150, 142, 122, 93, 134, 108, 161, 103, 135, 139, 148, 77, 112, 109, 119],
    [
      15, 57, 89, 165, 174, 110, 112, 178, 171, 98, 68, 28, 121, 140, 161, 112, 140, 97, 138, 137, 151, 81, 132, 81,
      222, 216, 232, 62, 109, 84, 162, 98, 131, 64, 195, 132, 79, 31, 221, 196, 199, 132, 122, 177, 166, 81, 192, 85,
      143, 70, 127, 182, 161, 112, 97, 132, 139, 131, 102, 87, 210, 114, 32, 164, 120, 90, 72, 84, 110, 179, 11, 89,
    ],
  ],
  bicubic: [
    [103, 133, 143, 148, 149, 123, 93, 142, 116, 168, 111, 140, 137, 150, 94, 107, 111, 128],
    [
      17, 78, 72, 185, 160, 120, 115, 165, 187, 91, 91, 34, 113, 145, 145, 111, 135, 93, 148, 134, 153, 83, 128, 90,
      191, 180, 229, 69, 131, 73, 173, 119, 123, 73, 175, 143, 95, 54, 237, 195, 209, 106, 138, 182, 149, 70, 191, 117,
      149, 74, 129, 192, 167, 100, 90, 134, 128, 124, 99, 102, 224, 127, 30, 153, 107, 84, 57, 73, 102, 173, 11, 97,
    ],
  ],
  lanczos: [
    [99, 132, 143, 151, 153, 124, 92, 145, 120, 174, 113, 140, 135, 151, 94, 105, 108, 130],
    [
      7, 85, 64, 202, 158, 121, 109, 162, 198, 87, 104, 28, 113, 151, 136, 105, 129, 87, 153, 131, 158, 82, 123, 88,
      189, 167, 247, 59, 141, 62, 190, 127, 123, 66, 170, 155, 90, 49, 255, 199, 221, 93, 145, 184, 148, 60, 195, 133,
      145, 69, 130, 207, 173, 95, 78, 133, 128, 126, 96, 107, 237, 138, 28, 149, 100, 82, 47, 66, 98, 179, 10, 101,
    ],
  ],
}

test.each(Object.entries(pillow))('%s equals Pillow', (name, [small, tall]) => {
  const interpolation = name as Interpolation
  expect([...resample(image, 3, 2, interpolation, whole(3, 2)).data]).toEqual(small)
  expect([...resample(image, 4, 6, interpolation, whole(4, 6)).data]).toEqual(tall)
})

test.each(Object.keys(filters))('%s: a window is the same part of the whole', (name) => {
  for (const [width, height] of [
    [9, 7],
    [4, 2],
    [5, 1],
  ] as const) {
    const full = resample(image, width, height, name as Interpolation, whole(width, height))
    const window = { left: 1, top: height > 1 ? 1 : 0, width: width - 2, height: Math.max(1, height - 2) }
    const part = resample(image, width, height, name as Interpolation, window)
    for (let y = 0; y < window.height; y++) {
      const from = ((y + window.top) * width + window.left) * 3
      expect(part.data.subarray(y * window.width * 3, (y + 1) * window.width * 3)).toEqual(
        full.data.subarray(from, from + window.width * 3),
      )
    }
  }
})

test('an image that keeps its size keeps its pixels, a plain one its colour', () => {
  const plain = { width: 5, height: 4, data: new Uint8Array(60).fill(77) }
  for (const name of Object.keys(filters) as Interpolation[]) {
    expect(resample(image, 5, 4, name, whole(5, 4)).data).toEqual(image.data)
    expect(resample(plain, 11, 2, name, whole(11, 2)).data.every((v) => v === 77)).toBe(true)
  }
})

test('bilinear from 4 to 2 pixels, by hand', () => {
  // Scale 2, so the triangle is 4 wide: around 1 it weighs the centres 0.5, 1.5, 2.5 with 0.75, 0.75, 0.25.
  const { first, count, weights } = kernelTaps(4, 2, filters.bilinear, 0, 2)
  const third = (n: number): number => Math.round((n / 7) * 2 ** FRACTION_BITS)
  expect([...first]).toEqual([0, 1])
  expect([...count]).toEqual([3, 3])
  expect([...weights.subarray(0, 3)]).toEqual([third(3), third(3), third(1)])
})

test('a thread-like image costs no more than its window', () => {
  const thread = { width: 1, height: 40_000, data: new Uint8Array(120_000).fill(9) }
  const { data } = resample(thread, 224, 224 * 40_000, 'bicubic', { left: 0, top: 4_000_000, width: 224, height: 224 })
  expect(data.every((v) => v === 9)).toBe(true)
})
