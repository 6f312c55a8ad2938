import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { decodeImage } from '../decode/decode.js'
import { geometryOf } from './geometry.js'
import { normalize } from './normalize.js'
import { preprocessPixels } from './pixels.js'
import type { Preprocess } from './preprocess.js'

const root = fileURLToPath(new URL('../../../../../shared/data/preprocess-golden/', import.meta.url))

interface Golden {
  configs: Record<
    string,
    {
      input_size: [number, number, number]
      interpolation: Preprocess['interpolation']
      crop_pct: number
      crop_mode: Preprocess['cropMode']
      mean: number[]
      std: number[]
    }
  >
  images: Record<string, { decoded: string }>
  pairs: {
    image: string
    exif_transpose_first: boolean
    config: string
    golden: string
    input_size_wh: [number, number]
    resized_wh: [number, number]
    pad_ltrb: number[]
    crop_top: number
    crop_left: number
    normalised: { first_pixel: number[]; last_pixel: number[] }
  }[]
}

if (!existsSync(`${root}golden.json`)) {
  test('golden preprocessing', () => console.info(`skipped: there is no golden data in ${root}`))
} else {
  const golden = JSON.parse(readFileSync(`${root}golden.json`, 'utf8')) as Golden
  const configOf = (name: string): Preprocess => {
    const c = golden.configs[name]!
    const { interpolation, mean, std } = c
    return { inputSize: c.input_size, interpolation, cropPct: c.crop_pct, cropMode: c.crop_mode, mean, std }
  }
  const differing = (a: Uint8Array, b: Uint8Array): number =>
    a.length === b.length ? a.reduce((n, v, i) => n + (v === b[i] ? 0 : 1), 0) : Infinity

  test.each(Object.entries(golden.images))('%s decodes as Pillow decodes it', async (name, { decoded }) => {
    const ours = await decodeImage(`${root}images/${name}`, { exif: 'ignore' })
    const theirs = await decodeImage(root + decoded)
    expect([ours.width, ours.height]).toEqual([theirs.width, theirs.height])
    expect(differing(ours.data, theirs.data)).toBe(0)
  })

  test.each(golden.pairs.map((pair) => [pair.golden, pair] as const))('%s', async (_, pair) => {
    const preprocess = configOf(pair.config)
    // The decoded files have no EXIF; where it is to be applied, our own decoder of the source does so.
    const image = pair.exif_transpose_first
      ? await decodeImage(root + pair.image)
      : await decodeImage(root + golden.images[pair.image.replace('images/', '')]!.decoded)
    expect([image.width, image.height]).toEqual(pair.input_size_wh)
    const [padLeft, padTop] = pair.pad_ltrb as [number, number]
    expect(geometryOf(image.width, image.height, preprocess)).toMatchObject({
      width: pair.resized_wh[0],
      height: pair.resized_wh[1],
      left: pair.crop_left - padLeft,
      top: pair.crop_top - padTop,
    })
    const pixels = preprocessPixels(image, preprocess)
    const expected = await decodeImage(root + pair.golden)
    expect(differing(pixels, expected.data)).toBe(0)
    const planes = normalize(pixels, preprocess)
    const plane = planes.length / 3
    for (let c = 0; c < 3; c++) {
      expect(planes[c * plane]).toBeCloseTo(pair.normalised.first_pixel[c]!, 5)
      expect(planes[(c + 1) * plane - 1]).toBeCloseTo(pair.normalised.last_pixel[c]!, 5)
    }
  })

  test('normalised values equal torch in every bit', async () => {
    const bytes = readFileSync(`${root}golden/normalised.safetensors`)
    const start = 8 + Number(bytes.readBigUInt64LE(0))
    const header = JSON.parse(bytes.subarray(8, start).toString()) as Record<string, { data_offsets: [number, number] }>
    let compared = 0
    for (const pair of golden.pairs.filter((p) => p.config.startsWith('U32'))) {
      const stem = pair.golden.replace(/^golden\/|\.png$/g, '')
      const entry = Object.entries(header).find(([name]) => name.includes(stem) || stem.includes(name))
      if (!entry) continue
      const [from, to] = entry[1].data_offsets
      const expected = new Float32Array(
        bytes.buffer.slice(bytes.byteOffset + start + from, bytes.byteOffset + start + to),
      )
      const { data } = await decodeImage(root + pair.golden)
      expect(normalize(data, configOf(pair.config))).toEqual(expected)
      compared++
    }
    expect(compared).toBeGreaterThan(0)
  })
}
