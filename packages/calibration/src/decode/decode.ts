import { readFile, stat } from 'node:fs/promises'
import { TacoError } from '@tacojs/errors'
import type { Metadata, Sharp, SharpOptions } from 'sharp'
import type { RgbImage } from '../preprocess/resample.js'
import { cmykToRgb, gray16ToRgb, grayToRgb } from './colour.js'
import { describeForeign, imageFormat } from './format.js'

export interface DecodeOptions {
  /** Whether to turn the image as its EXIF orientation says. timm ignores it. */
  readonly exif?: 'apply' | 'ignore'
  /** Most pixels of an image, looked at before decoding. Default 50 million. */
  readonly maxPixels?: number
}

const MAX_PIXELS = 50_000_000

/**
 * The pixels of an image file as Pillow's `Image.open(file).convert('RGB')` gives them: alpha dropped, palette expanded,
 * gray copied to three channels, CMYK without a colour profile, one-channel 16-bit clipped at 255, first frame only,
 * embedded colour profiles ignored. Unlike Pillow it applies the EXIF orientation unless told not to.
 *
 * Throws NOT_FOUND or IO when the file cannot be read, INVALID_DATA when it is no image, damaged, or too large.
 */
export async function decodeImage(file: string, options: DecodeOptions = {}): Promise<RgbImage> {
  const maxPixels = checkedLimit(options.maxPixels)
  return decodeBytes(await readImageFile(file, maxPixels), { ...options, name: file })
}

/** The same from bytes in memory; `name` stands for the file in errors. */
export async function decodeBytes(
  bytes: Uint8Array,
  { exif = 'apply', maxPixels, name = 'the image' }: DecodeOptions & { readonly name?: string } = {},
): Promise<RgbImage> {
  const limit = checkedLimit(maxPixels)
  if (imageFormat(bytes) === undefined) throw new TacoError('INVALID_DATA', `'${name}' ${describeForeign(bytes)}`)
  const { default: sharp } = await import('sharp')
  const open = (more: SharpOptions = {}): Sharp =>
    // 'error' lets pass what Pillow lets pass (stray bytes between markers), not what is cut off.
    sharp(bytes, { failOn: 'error', ignoreIcc: true, limitInputPixels: false, ...more })
  let meta: Metadata
  try {
    meta = await open().metadata()
  } catch (cause) {
    throw damaged(name, cause)
  }
  if (meta.width * meta.height > limit) {
    throw new TacoError(
      'INVALID_DATA',
      `'${name}' has ${meta.width} × ${meta.height} pixels, more than the limit of ${limit}; shrink it or raise maxPixels`,
    )
  }
  if (meta.depth !== 'uchar' && meta.depth !== 'ushort') {
    throw new TacoError('INVALID_DATA', `'${name}' has pixels of type ${meta.depth}; convert it to 8 bits per channel`)
  }
  // Pillow turns TIFF images itself, so timm never sees them otherwise.
  const autoOrient = exif === 'apply' || meta.format === 'tiff'
  try {
    return await toRgb(open({ limitInputPixels: limit, autoOrient }), meta, bytes)
  } catch (cause) {
    throw damaged(name, cause)
  }
}

async function toRgb(image: Sharp, meta: Metadata, bytes: Uint8Array): Promise<RgbImage> {
  if (meta.space === 'cmyk') {
    const deep = meta.depth === 'ushort'
    const raw = image
      .pipelineColourspace('cmyk')
      .toColourspace('cmyk')
      .raw(deep ? { depth: 'ushort' } : {})
    const { data, info } = await raw.toBuffer({ resolveWithObject: true })
    const inks = deep ? upperBytes(data) : data
    return { width: info.width, height: info.height, data: cmykToRgb(inks, info.channels) }
  }
  if (meta.depth === 'ushort' && isPlainGray(meta, bytes)) {
    const raw = image.removeAlpha().pipelineColourspace('grey16').toColourspace('grey16').raw({ depth: 'ushort' })
    const { data, info } = await raw.toBuffer({ resolveWithObject: true })
    const values = new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2)
    return { width: info.width, height: info.height, data: gray16ToRgb(values, info.channels) }
  }
  const raw = image.toColourspace('srgb').removeAlpha().raw({ depth: 'uchar' })
  const { data, info } = await raw.toBuffer({ resolveWithObject: true })
  const rgb = info.channels === 3 ? data : grayToRgb(data, info.channels)
  return { width: info.width, height: info.height, data: new Uint8Array(rgb.buffer, rgb.byteOffset, rgb.byteLength) }
}

/** Of 16 bits the upper 8, in the machine's order of bytes. */
const upperBytes = (data: Uint8Array): Uint8Array =>
  Uint8Array.from(new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2), (value) => value >> 8)

/** One channel as stored. A PNG says so itself (colour type 0): transparency by colour key reads as a second channel. */
const isPlainGray = (meta: Metadata, bytes: Uint8Array): boolean =>
  meta.format === 'png' ? bytes[25] === 0 : meta.channels === 1

async function readImageFile(file: string, maxPixels: number): Promise<Uint8Array> {
  try {
    const { size } = await stat(file)
    // Four 16-bit channels, uncompressed, and room for metadata: no image within the limit is larger.
    const most = maxPixels * 8 + 2 ** 24
    if (size > most) {
      throw new TacoError(
        'INVALID_DATA',
        `'${file}' has ${size} bytes, more than an image of ${maxPixels} pixels needs`,
      )
    }
    return await readFile(file)
  } catch (cause) {
    if (cause instanceof TacoError) throw cause
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT'
    if (missing) throw new TacoError('NOT_FOUND', `there is no image '${file}'`, { cause })
    throw new TacoError('IO', `cannot read the image '${file}': ${(cause as Error).message}`, { cause })
  }
}

function checkedLimit(maxPixels = MAX_PIXELS): number {
  if (Number.isSafeInteger(maxPixels) && maxPixels >= 1) return maxPixels
  throw new TacoError('INVALID_ARGUMENT', `maxPixels is ${maxPixels}, a whole number of at least 1 is needed`)
}

const damaged = (name: string, cause: unknown): TacoError =>
  new TacoError('INVALID_DATA', `'${name}' is damaged or cut off: ${(cause as Error).message}`, { cause })
