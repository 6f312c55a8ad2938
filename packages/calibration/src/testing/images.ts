import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { deflateSync } from 'node:zlib'
import sharp, { type Sharp } from 'sharp'

/** A sharp image of a pattern in which no two corners are alike. For tests. */
export function pattern(width: number, height: number): Sharp {
  const data = Buffer.alloc(width * height * 3)
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i += 3) {
      data[i] = Math.floor((255 * x) / Math.max(1, width - 1))
      data[i + 1] = Math.floor((255 * y) / Math.max(1, height - 1))
      data[i + 2] = 60
    }
  }
  return sharp(data, { raw: { width, height, channels: 3 } })
}

/** A PNG from its header fields and unfiltered rows. */
export function png(
  width: number,
  height: number,
  depth: number,
  colourType: number,
  rows: readonly Uint8Array[],
): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([depth, colourType, 0, 0, 0], 8)
  const body = deflateSync(Buffer.concat(rows.flatMap((row) => [Buffer.of(0), row])))
  const chunk = (type: string, data: Uint8Array): Buffer => {
    const named = Buffer.concat([Buffer.from(type), data])
    const out = Buffer.alloc(8 + named.length)
    out.writeUInt32BE(data.length, 0)
    named.copy(out, 4)
    out.writeUInt32BE(crc(named), 4 + named.length)
    return out
  }
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', body), chunk('IEND', Buffer.alloc(0))])
}

/** Writes files (path → content) below a new temporary folder. */
export async function folderOf(
  files: Readonly<Record<string, Uint8Array | string>>,
): Promise<{ dir: string; remove: () => Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), 'taco-calibration-'))
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(dir, name)), { recursive: true })
    await writeFile(join(dir, name), content)
  }
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) }
}

function crc(bytes: Uint8Array): number {
  let c = 0xffffffff
  for (const byte of bytes) {
    c ^= byte
    for (let k = 0; k < 8; k++) c = (c >>> 1) ^ (c & 1 ? 0xedb88320 : 0)
  }
  return ~c >>> 0
}
