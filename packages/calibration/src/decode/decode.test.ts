import sharp from 'sharp'
import { folderOf, pattern, png } from '../testing/images.js'
import { decodeBytes, decodeImage } from './decode.js'

const words = (...values: number[]): Buffer => {
  const row = Buffer.alloc(values.length * 2)
  values.forEach((v, i) => row.writeUInt16BE(v, i * 2))
  return row
}
const invalid = (text: string) =>
  expect.objectContaining({ code: 'INVALID_DATA', message: expect.stringContaining(text) })

const encoders = {
  png: () => pattern(16, 12).png(),
  webp: () => pattern(16, 12).webp({ lossless: true }),
  tiff: () => pattern(16, 12).tiff({ compression: 'lzw' }),
  jpeg: () => pattern(16, 12).jpeg({ quality: 95 }),
  gif: () => pattern(16, 12).gif(),
  avif: () => pattern(16, 12).avif({ quality: 90 }),
}

test.each(Object.entries(encoders))('%s', async (format, encode) => {
  const image = await decodeBytes(await encode().toBuffer())
  const exact = await pattern(16, 12).raw().toBuffer()
  expect([image.width, image.height, image.data.length]).toEqual([16, 12, exact.length])
  const mean = exact.reduce((sum, v, i) => sum + Math.abs(v - image.data[i]), 0) / exact.length
  // The others lose something when written (gif has 256 colours).
  expect(mean).toBeLessThanOrEqual(['png', 'webp', 'tiff'].includes(format) ? 0 : 5)
})

// Where the pattern's left top, right top, left bottom, right bottom corner (red = x, green = y) is seen.
const corners: Record<number, string[]> = {
  1: ['LT', 'RT', 'LB', 'RB'],
  2: ['RT', 'LT', 'RB', 'LB'],
  3: ['RB', 'LB', 'RT', 'LT'],
  4: ['LB', 'RB', 'LT', 'RT'],
  5: ['LT', 'LB', 'RT', 'RB'],
  6: ['LB', 'LT', 'RB', 'RT'],
  7: ['RB', 'RT', 'LB', 'LT'],
  8: ['RT', 'RB', 'LT', 'LB'],
}

test.each(Object.entries(corners))(
  'EXIF orientation %s is applied, or ignored on request',
  async (orientation, expected) => {
    const bytes = await pattern(32, 16)
      .withMetadata({ orientation: Number(orientation) })
      .jpeg({ quality: 95 })
      .toBuffer()
    const seen = async (exif?: 'ignore'): Promise<string[]> => {
      const { width, height, data } = await decodeBytes(bytes, { exif })
      expect([width, height]).toEqual(Number(orientation) >= 5 && !exif ? [16, 32] : [32, 16])
      const name = (x: number, y: number): string => {
        const i = (y * width + x) * 3
        return (data[i] < 128 ? 'L' : 'R') + (data[i + 1] < 128 ? 'T' : 'B')
      }
      return [name(0, 0), name(width - 1, 0), name(0, height - 1), name(width - 1, height - 1)]
    }
    expect(await seen()).toEqual(expected)
    expect(await seen('ignore')).toEqual(corners[1])
  },
)

test('alpha is dropped, not composed', async () => {
  const bytes = png(2, 1, 8, 6, [Buffer.of(10, 20, 30, 0, 40, 50, 60, 128)])
  expect([...(await decodeBytes(bytes)).data]).toEqual([10, 20, 30, 40, 50, 60])
})

test('gray is copied to three channels', async () => {
  expect([...(await decodeBytes(png(2, 1, 8, 0, [Buffer.of(7, 200)]))).data]).toEqual([7, 7, 7, 200, 200, 200])
  expect([...(await decodeBytes(png(2, 1, 1, 0, [Buffer.of(0b01000000)]))).data]).toEqual([0, 0, 0, 255, 255, 255])
})

test('16 bits: one channel is clipped, colour and gray with alpha keep the high byte', async () => {
  const gray = await decodeBytes(png(4, 1, 16, 0, [words(0, 200, 300, 60000)]))
  expect([...gray.data]).toEqual([0, 0, 0, 200, 200, 200, 255, 255, 255, 255, 255, 255])
  expect([...(await decodeBytes(png(1, 1, 16, 2, [words(255, 256, 65535)]))).data]).toEqual([0, 1, 255])
  expect([...(await decodeBytes(png(1, 1, 16, 4, [words(60000, 9)]))).data]).toEqual([234, 234, 234])
})

test('CMYK is turned without a colour profile', async () => {
  const tiff = await pattern(8, 8).toColourspace('cmyk').tiff({ compression: 'lzw' }).toBuffer()
  const cmyk = await sharp(tiff, { ignoreIcc: true }).pipelineColourspace('cmyk').toColourspace('cmyk').raw().toBuffer()
  const { data } = await decodeBytes(tiff)
  for (let i = 0; i < 64; i++) {
    for (let c = 0; c < 3; c++) {
      const exact = ((255 - cmyk[i * 4 + c]) * (255 - cmyk[i * 4 + 3])) / 255
      expect(Math.abs(data[i * 3 + c] - exact)).toBeLessThanOrEqual(0.5)
    }
  }
})

test('CMYK of 16 bits keeps the high bytes', async () => {
  const values = [0, 128, 255, 10]
  const rgbOf = async (bits: 8 | 16) => {
    const { data } = await decodeBytes(cmykTiff(bits, values), { name: 'tiff' })
    return [...data]
  }
  expect(await rgbOf(16)).toEqual(await rgbOf(8))
  expect(await rgbOf(8)).toEqual([245, 122, 0])
})

/** One uncompressed CMYK pixel as TIFF; of 16 bits each value twice. */
function cmykTiff(bits: 8 | 16, values: readonly number[]): Uint8Array {
  const tags = [
    [256, 3, 1, 1],
    [257, 3, 1, 1],
    [258, 3, 4, 134],
    [259, 3, 1, 1],
    [262, 3, 1, 5],
    [273, 3, 1, 142],
    [277, 3, 1, 4],
    [278, 3, 1, 1],
    [279, 3, 1, bits / 2],
    [284, 3, 1, 1],
  ] as const
  const file = Buffer.alloc(142 + bits / 2)
  file.write('II*\0', 'latin1')
  file.writeUInt32LE(8, 4)
  file.writeUInt16LE(tags.length, 8)
  tags.forEach(([tag, type, count, value], i) => {
    file.writeUInt16LE(tag, 10 + 12 * i)
    file.writeUInt16LE(type, 12 + 12 * i)
    file.writeUInt32LE(count, 14 + 12 * i)
    file.writeUInt32LE(value, 18 + 12 * i)
  })
  for (let i = 0; i < 4; i++) file.writeUInt16LE(bits, 134 + 2 * i)
  file.set(bits === 8 ? values : values.flatMap((value) => [value, value]), 142)
  return file
}

test('an embedded colour profile changes nothing', async () => {
  const plain = await pattern(8, 8).png().toBuffer()
  const profiled = await sharp(plain).keepIccProfile().withIccProfile('p3').png().toBuffer()
  const stored = await sharp(profiled, { ignoreIcc: true }).raw().toBuffer()
  expect(Buffer.from((await decodeBytes(profiled)).data)).toEqual(stored)
})

test.each(['gif', 'webp'] as const)('an animated %s gives its first frame', async (format) => {
  const frames = Buffer.concat([Buffer.alloc(48, 250), Buffer.alloc(48, 5)])
  const film = sharp(frames, { raw: { width: 4, height: 8, channels: 3, pageHeight: 4 } })
  const bytes = await film.toFormat(format, { lossless: true, loop: 0, delay: [50, 50] }).toBuffer()
  expect((await sharp(bytes).metadata()).pages).toBe(2)
  const image = await decodeBytes(bytes)
  expect([image.width, image.height]).toEqual([4, 4])
  expect(image.data.every((v) => v > 200)).toBe(true)
})

test('files that are no images say what they are', async () => {
  const { dir, remove } = await folderOf({
    'empty.jpg': '',
    'page.jpg': '\n<!DOCTYPE html><html><body>404</body></html>',
    'drawing.png': '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
    'text.webp': 'hello',
    'two-bytes.jpg': Buffer.of(0xff, 0xd8),
    'really-png.jpg': await pattern(3, 3).png().toBuffer(),
  })
  try {
    await expect(decodeImage(`${dir}/empty.jpg`)).rejects.toEqual(invalid("empty.jpg' is empty"))
    await expect(decodeImage(`${dir}/page.jpg`)).rejects.toEqual(invalid("page.jpg' is an HTML page"))
    await expect(decodeImage(`${dir}/drawing.png`)).rejects.toEqual(invalid('SVG'))
    await expect(decodeImage(`${dir}/text.webp`)).rejects.toEqual(invalid('is not a JPEG'))
    await expect(decodeImage(`${dir}/two-bytes.jpg`)).rejects.toEqual(invalid('two-bytes.jpg'))
    expect((await decodeImage(`${dir}/really-png.jpg`)).width).toBe(3)
    await expect(decodeImage(`${dir}/absent.jpg`)).rejects.toEqual(expect.objectContaining({ code: 'NOT_FOUND' }))
    await expect(decodeImage(dir)).rejects.toEqual(expect.objectContaining({ code: 'IO' }))
  } finally {
    await remove()
  }
})

test.each(['jpeg', 'png', 'webp', 'tiff'] as const)('a truncated %s is an error wherever it is cut', async (format) => {
  const bytes = await pattern(64, 48).toFormat(format).toBuffer()
  for (const part of [0.1, 0.4, 0.7, 0.9]) {
    const cut = bytes.subarray(0, Math.floor(bytes.length * part))
    await expect(decodeBytes(cut, { name: 'cut' })).rejects.toEqual(invalid("'cut'"))
  }
})

test('a bomb is refused by its header, before decoding', async () => {
  const bomb = png(60_000, 60_000, 8, 2, [Buffer.alloc(64)])
  await expect(decodeBytes(bomb, { name: 'bomb.png' })).rejects.toEqual(invalid('60000 × 60000'))
  const small = await pattern(10, 10).png().toBuffer()
  await expect(decodeBytes(small, { maxPixels: 99 })).rejects.toEqual(invalid('limit of 99'))
  expect((await decodeBytes(small, { maxPixels: 100 })).width).toBe(10)
  await expect(decodeBytes(small, { maxPixels: 0 })).rejects.toEqual(
    expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
  )
})

test('a file far too long for its limit is not even read', async () => {
  const { dir, remove } = await folderOf({ 'long.jpg': Buffer.alloc(2 ** 24 + 9) })
  try {
    await expect(decodeImage(`${dir}/long.jpg`, { maxPixels: 1 })).rejects.toEqual(invalid('bytes, more than'))
  } finally {
    await remove()
  }
})
