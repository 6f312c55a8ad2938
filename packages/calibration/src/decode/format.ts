export type ImageFormat = 'jpeg' | 'png' | 'webp' | 'gif' | 'tiff' | 'avif'

const ascii = (bytes: Uint8Array, from: number, to: number): string =>
  String.fromCharCode(...bytes.subarray(from, Math.min(to, bytes.length)))

const signatures: readonly (readonly [ImageFormat, (b: Uint8Array) => boolean])[] = [
  ['jpeg', (b) => b[0] === 0xff && b[1] === 0xd8 && b[2] === 0xff],
  ['png', (b) => ascii(b, 0, 8) === '\x89PNG\r\n\x1a\n'],
  ['webp', (b) => ascii(b, 0, 4) === 'RIFF' && ascii(b, 8, 12) === 'WEBP'],
  ['gif', (b) => /^GIF8[79]a/.test(ascii(b, 0, 6))],
  ['tiff', (b) => ['II*\0', 'MM\0*', 'II+\0', 'MM\0+'].includes(ascii(b, 0, 4))],
  ['avif', (b) => /^ftyp(avif|avis|mif1|miaf)/.test(ascii(b, 4, 12))],
]

/** The format that the first bytes show, whatever the file's name says; undefined for anything else. */
export function imageFormat(bytes: Uint8Array): ImageFormat | undefined {
  return signatures.find(([, matches]) => matches(bytes))?.[0]
}

/** What a file that is no image seems to be, to tell its owner. */
export function describeForeign(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'is empty'
  const start = ascii(bytes, 0, 512)
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart()
    .toLowerCase()
  if (/^(<!doctype html|<html|<head|<body)/.test(start)) return 'is an HTML page, not an image'
  if (start.startsWith('<svg') || (start.startsWith('<?xml') && start.includes('<svg'))) {
    return 'is an SVG drawing, not an image of pixels'
  }
  return 'is not a JPEG, PNG, WebP, GIF, TIFF or AVIF image'
}
