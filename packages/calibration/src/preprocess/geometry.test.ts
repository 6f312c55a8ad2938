import { geometryOf, roundHalfEven } from './geometry.js'
import { normalize } from './normalize.js'
import { preprocessPixels } from './pixels.js'
import { defaultPreprocess, type Preprocess } from './preprocess.js'

const base = defaultPreprocess([3, 8, 8])

test("Python's round", () => {
  expect([0.5, 1.5, 2.5, -1.5, 2.4, 2.6].map(roundHalfEven)).toEqual([0, 2, 2, -2, 2, 3])
})

test('center: the short side fits, the long side is truncated, the crop is rounded half to even', () => {
  // floor(8 / 0.875) = 9; 9 · 19 / 10 = 17.1 → 17; (17 − 8) / 2 = 4.5 → 4; (9 − 8) / 2 = 0.5 → 0
  expect(geometryOf(19, 10, base)).toMatchObject({ width: 17, height: 9, left: 4, top: 0, interpolation: 'bicubic' })
  expect(geometryOf(10, 19, base)).toMatchObject({ width: 9, height: 17, left: 0, top: 4 })
})

test('center with a non-square input is bilinear whatever is configured', () => {
  const p: Preprocess = { ...base, inputSize: [3, 8, 16], cropPct: 1 }
  expect(geometryOf(20, 20, p)).toMatchObject({ width: 16, height: 16, top: 4, interpolation: 'bilinear' })
})

test('border: what is missing is the mean colour, the smaller half of it before the image', () => {
  const p: Preprocess = { ...base, inputSize: [3, 4, 4], cropMode: 'border', cropPct: 1, mean: [0.1, 0.5, 0.9] }
  const white = { width: 4, height: 1, data: new Uint8Array(12).fill(255) }
  const pixels = preprocessPixels(white, p)
  const fill = [26, 128, 230]
  expect([...pixels]).toEqual(
    [0, 1, 2, 3].flatMap((y) => Array.from({ length: 4 }, () => (y === 1 ? [255, 255, 255] : fill)).flat()),
  )
})

test('squash: both sides fit', () => {
  expect(geometryOf(100, 3, { ...base, cropMode: 'squash' })).toMatchObject({ width: 9, height: 9, left: 0, top: 0 })
})

test('the thinnest images keep a pixel', () => {
  for (const cropMode of ['center', 'squash', 'border'] as const) {
    for (const [width, height] of [
      [1, 5000],
      [5000, 1],
      [1, 1],
    ] as const) {
      const data = new Uint8Array(width * height * 3).fill(128)
      expect(preprocessPixels({ width, height, data }, { ...base, cropMode })).toHaveLength(192)
    }
  }
})

test('normalize gives planes', () => {
  const planes = normalize(Uint8Array.of(0, 51, 255, 255, 51, 0), { mean: [0, 0.2, 0.5], std: [1, 1, 0.5] })
  expect([...planes].map((v) => Math.round(v * 1e6) / 1e6)).toEqual([0, 1, 0, 0, 1, -1])
})

test.each([
  ['UNSUPPORTED', { inputSize: [1, 8, 8] }],
  ['INVALID_ARGUMENT', { inputSize: [3, 0, 8] }],
  ['INVALID_ARGUMENT', { inputSize: [3, 8] }],
  ['INVALID_ARGUMENT', { interpolation: 'toString' }],
  ['INVALID_ARGUMENT', { cropPct: 0 }],
  ['INVALID_ARGUMENT', { cropPct: NaN }],
  ['INVALID_ARGUMENT', { cropMode: 'five' }],
  ['INVALID_ARGUMENT', { mean: [0.5] }],
  ['INVALID_ARGUMENT', { std: [1, 0, 1] }],
])('%s for %j', (code, change) => {
  const p = { ...base, ...change } as Preprocess
  const image = { width: 1, height: 1, data: new Uint8Array(3) }
  expect(() => preprocessPixels(image, p)).toThrow(expect.objectContaining({ code }))
})

test('pixels that do not fit their size are refused', () => {
  const image = { width: 2, height: 2, data: new Uint8Array(11) }
  expect(() => preprocessPixels(image, base)).toThrow(expect.objectContaining({ code: 'SHAPE_MISMATCH' }))
  expect(() => normalize(new Uint8Array(6), base, new Float32Array(5))).toThrow(
    expect.objectContaining({ code: 'SHAPE_MISMATCH' }),
  )
})
