import fc from 'fast-check'
import sharp from 'sharp'
import { seededRandom } from '../folder/random.js'
import { preprocessPixels } from '../preprocess/pixels.js'
import { defaultPreprocess, type Preprocess } from '../preprocess/preprocess.js'
import { pattern } from '../testing/images.js'
import { augmented, augments, mostViews } from './augment.js'
import { randomWindow } from './random-window.js'

const preprocess: Preprocess = { ...defaultPreprocess([3, 6, 8]), cropPct: 1, cropMode: 'squash' }
const rgb = async (width: number, height: number) => ({
  width,
  height,
  data: new Uint8Array(await pattern(width, height).raw().toBuffer()),
})

test('the mirror image is what libvips makes of the same pixels', async () => {
  const [whole, flipped] = augmented(await rgb(31, 17), preprocess, { augment: 'flip', views: 2 }, seededRandom(0, ''))
  const raw = { width: 8, height: 6, channels: 3 as const }
  const expected = await sharp(whole, { raw }).flop().raw().toBuffer()
  expect([...flipped!]).toEqual([...expected])
  expect(flipped).not.toEqual(whole)
})

test('the first view is always the image itself; a mirrored crop is the mirror image of the crop', async () => {
  const image = await rgb(31, 17)
  const views = augments.map((augment) => augmented(image, preprocess, { augment, views: 2 }, seededRandom(3, 'a')))
  for (const [i, [first, ...more]] of views.entries()) {
    expect(first).toEqual(preprocessPixels(image, preprocess))
    expect(more).toHaveLength(Math.min(2, mostViews(augments[i]!)) - 1)
  }
  const [crop, flipped] = [views[2]![1]!, views[3]![1]!]
  const raw = { width: 8, height: 6, channels: 3 as const }
  expect([...flipped]).toEqual([...(await sharp(crop, { raw }).flop().raw().toBuffer())])
})

test('of more views every other crop is mirrored; no more are seen than there are', async () => {
  const image = await rgb(31, 17)
  const viewsOf = (augment: (typeof augments)[number]) =>
    augmented(image, preprocess, { augment, views: 5 }, seededRandom(5, 'c'))
  const [, ...crops] = viewsOf('crop')
  const [, ...mixed] = viewsOf('flip-crop')
  expect(crops).toHaveLength(4)
  expect(new Set(crops.map((view) => view.join())).size).toBe(4)
  for (const [i, view] of mixed.entries()) {
    if (i % 2 === 1) expect(view).toEqual(crops[i])
    else expect(view).not.toEqual(crops[i])
  }
  expect([viewsOf('none'), viewsOf('flip')].map((views) => views.length)).toEqual([1, 2])
})

test('a crop shows the window that was drawn, resized as an image of its own would be', async () => {
  const image = await rgb(64, 48)
  const { left, top, width, height } = randomWindow(64, 48, seededRandom(7, 'b'))
  const own = await sharp(image.data, { raw: { width: 64, height: 48, channels: 3 } })
    .extract({ left, top, width, height })
    .raw()
    .toBuffer()
  const [, crop] = augmented(image, preprocess, { augment: 'crop', views: 2 }, seededRandom(7, 'b'))
  expect(crop).toEqual(preprocessPixels({ width, height, data: new Uint8Array(own) }, preprocess))
})

test('windows lie in the image; but for extreme shapes they keep half of it and a ratio up to 4:3', () => {
  const side = fc.integer({ min: 1, max: 400 })
  fc.assert(
    fc.property(side, side, fc.nat(), (width, height, seed) => {
      const w = randomWindow(width, height, seededRandom(seed, 'w'))
      expect(Math.min(w.left, w.top, w.width - 1, w.height - 1)).toBeGreaterThanOrEqual(0)
      expect(w.left + w.width).toBeLessThanOrEqual(width)
      expect(w.top + w.height).toBeLessThanOrEqual(height)
      if (Math.min(width, height) < 40 || Math.max(width / height, height / width) > 4 / 3) return
      expect((w.width * w.height) / (width * height)).toBeGreaterThan(0.47)
      expect(Math.max(w.width / w.height, w.height / w.width)).toBeLessThan(1.37)
    }),
  )
})

test('areas and places are spread over all that is allowed', () => {
  const windows = Array.from({ length: 400 }, (_, seed) => randomWindow(100, 100, seededRandom(seed, 'spread')))
  const areas = windows.map(({ width, height }) => (width * height) / 1e4).sort((a, b) => a - b)
  expect(areas[0]).toBeLessThan(0.53)
  expect(areas[399]).toBeGreaterThan(0.9)
  const small = windows.filter(({ width }) => width < 80)
  const mean = small.reduce((sum, { left, width }) => sum + left / (100 - width), 0) / small.length
  expect(mean).toBeGreaterThan(0.42)
  expect(mean).toBeLessThan(0.58)
})
