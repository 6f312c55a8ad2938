import { TacoError } from '@tacojs/errors'
import type { Ranges } from '../files/ranges.js'
import { crc32 } from './crc32.js'

/** A file in a zip archive, stored as it is. */
export interface ZipEntry {
  readonly name: string
  readonly size: number
  readonly crc: number
  /** Where its bytes begin in the archive. */
  readonly begin: number
}

const CHUNK = 1 << 22
/** A directory of a hundred thousand tensors is smaller. */
const MAX_DIRECTORY = 25_000_000
const END_SIZE = 22
const HEADER_SIZE = 30
const MAX_COMMENT = 65_535

/**
 * The entries of a zip archive (PKWARE's APPNOTE 6.3, zip64 included) by name. Every size and place is held against the
 * file and the entry's own header; entries that are compressed, encrypted, named twice or overlap are refused.
 *
 * @throws INVALID_DATA; UNSUPPORTED for what is compressed or encrypted
 */
export async function readZip(file: Ranges, where: string): Promise<ReadonlyMap<string, ZipEntry>> {
  const invalid = (why: string) => new TacoError('INVALID_DATA', `${where} is no valid zip archive: ${why}`)
  const { offset, length, count } = await directoryOf(file, invalid)
  if (length > MAX_DIRECTORY) throw invalid(`its directory takes ${length} bytes, at most ${MAX_DIRECTORY} are allowed`)
  if (offset + length > file.size) throw invalid('its directory lies beyond its end')
  const directory = await file.read(offset, length)
  const found: Located[] = []
  let at = 0
  for (let i = 0; i < count; i++) {
    const entry = parseEntry(directory, at, where, invalid)
    found.push(entry)
    at = entry.next
  }
  if (at !== length) throw invalid(`its directory has ${length - at} bytes too many`)
  found.sort((a, b) => a.header - b.header)
  const entries = new Map<string, ZipEntry>()
  for (const [i, { name, size, crc, header }] of found.entries()) {
    const end = found[i + 1]?.header ?? offset
    const overlaps = () =>
      invalid(`'${name}' reaches into ${found[i + 1] ? `'${found[i + 1]!.name}'` : 'the directory'}`)
    // before anything is read, so that a long directory must stand for a long file
    if (header + HEADER_SIZE + size > end) throw overlaps()
    const begin = await dataOf(file, header, name, invalid)
    if (begin + size > end) throw overlaps()
    if (entries.has(name)) throw invalid(`'${name}' is there twice`)
    entries.set(name, { name, size, crc, begin })
  }
  return entries
}

type Invalid = (why: string) => TacoError

/** Place, length and number of entries of the directory, from the record at the end of the file. */
async function directoryOf(
  file: Ranges,
  invalid: Invalid,
): Promise<{ readonly offset: number; readonly length: number; readonly count: number }> {
  if (file.size < END_SIZE) throw invalid(`it has ${file.size} bytes`)
  const start = Math.max(0, file.size - END_SIZE - MAX_COMMENT)
  const tail = viewOf(await file.read(start, file.size - start))
  for (let at = tail.byteLength - END_SIZE; at >= 0; at--) {
    if (tail.getUint32(at, true) !== 0x06054b50) continue
    // a comment may hold the signature, but then not its own length
    if (at + END_SIZE + tail.getUint16(at + 20, true) !== tail.byteLength) continue
    if (tail.getUint16(at + 4, true) !== 0 || tail.getUint16(at + 6, true) !== 0)
      throw invalid('it is one of several parts')
    const count = tail.getUint16(at + 10, true)
    const length = tail.getUint32(at + 12, true)
    const offset = tail.getUint32(at + 16, true)
    if (at >= 20 && tail.getUint32(at - 20, true) === 0x07064b50) {
      return wideDirectory(file, wide(tail, at - 12, invalid), invalid)
    }
    return { offset, length, count }
  }
  throw invalid('it has no end record; it may be cut off')
}

/** The record of zip64, whose numbers are of 8 bytes. */
async function wideDirectory(
  file: Ranges,
  at: number,
  invalid: Invalid,
): Promise<{ readonly offset: number; readonly length: number; readonly count: number }> {
  if (at + 56 > file.size) throw invalid('its zip64 record lies beyond its end')
  const record = viewOf(await file.read(at, 56))
  if (record.getUint32(0, true) !== 0x06064b50) throw invalid('its zip64 record is not where it is said to be')
  return { count: wide(record, 32, invalid), length: wide(record, 40, invalid), offset: wide(record, 48, invalid) }
}

function wide(view: DataView, at: number, invalid: Invalid): number {
  const value = Number(view.getBigUint64(at, true))
  if (!Number.isSafeInteger(value)) throw invalid('a size in it is above 2^53')
  return value
}

/** An entry as the directory has it: where its own header is, and where the directory goes on. */
interface Located extends Omit<ZipEntry, 'begin'> {
  readonly header: number
  readonly next: number
}

function parseEntry(directory: Uint8Array, at: number, where: string, invalid: Invalid): Located {
  const view = viewOf(directory)
  if (at + 46 > directory.length || view.getUint32(at, true) !== 0x02014b50) {
    throw invalid('its directory has fewer entries than it states')
  }
  const [nameLength, extraLength, commentLength] = [28, 30, 32].map((o) => view.getUint16(at + o, true)) as [
    number,
    number,
    number,
  ]
  const extra = at + 46 + nameLength
  const next = extra + extraLength + commentLength
  if (next > directory.length) throw invalid('an entry of its directory is cut off')
  const name = printable(directory.subarray(at + 46, extra))
  const [flags, method] = [view.getUint16(at + 8, true), view.getUint16(at + 10, true)]
  if (flags & 1) throw new TacoError('UNSUPPORTED', `${where}: '${name}' is encrypted`)
  if (method !== 0) {
    throw new TacoError('UNSUPPORTED', `${where}: '${name}' is compressed, which torch.save never does: save it again`)
  }
  let [packed, size, header] = [20, 24, 42].map((o) => view.getUint32(at + o, true)) as [number, number, number]
  // a number that does not fit is all ones, and stands in the zip64 field: those that are there, in this order
  for (let field = extra; field + 4 <= extra + extraLength;) {
    const [id, length] = [view.getUint16(field, true), view.getUint16(field + 2, true)]
    if (field + 4 + length > extra + extraLength) throw invalid(`'${name}' has an extra field that is cut off`)
    if (id === 1) {
      let value = field + 4
      const take = (narrow: number): number => {
        if (narrow !== 0xffffffff) return narrow
        if (value + 8 > field + 4 + length) throw invalid(`'${name}' has a zip64 field that is cut off`)
        value += 8
        return wide(view, value - 8, invalid)
      }
      size = take(size)
      packed = take(packed)
      header = take(header)
    }
    field += 4 + length
  }
  if (packed !== size) throw invalid(`'${name}' is stored, but in ${packed} bytes instead of ${size}`)
  return { name, size, crc: view.getUint32(at + 16, true), header, next }
}

/** Where an entry's bytes begin: behind its own header, which must have the same name. */
async function dataOf(file: Ranges, header: number, name: string, invalid: Invalid): Promise<number> {
  if (header + HEADER_SIZE > file.size) throw invalid(`'${name}' lies beyond its end`)
  const bytes = await file.read(header, Math.min(HEADER_SIZE + 3 * name.length, file.size - header))
  const view = viewOf(bytes)
  if (view.getUint32(0, true) !== 0x04034b50) throw invalid(`'${name}' is not where the directory says`)
  const [nameLength, extraLength] = [view.getUint16(26, true), view.getUint16(28, true)]
  if (printable(bytes.subarray(HEADER_SIZE, HEADER_SIZE + nameLength)) !== name)
    throw invalid(`'${name}' has another name in its own header`)
  return header + HEADER_SIZE + nameLength + extraLength
}

/** Bytes of an entry, from `begin`. Its checksum is another matter. */
export const readEntry = (file: Ranges, entry: ZipEntry, begin: number, length: number): Promise<Uint8Array> =>
  file.read(entry.begin + begin, length)

/** Throws INVALID_DATA where an entry's bytes do not have its checksum. `bytes` is all of it, where it is here already. */
export async function checkEntry(file: Ranges, entry: ZipEntry, where: string, bytes?: Uint8Array): Promise<void> {
  let crc = bytes ? crc32(bytes) : 0
  for (let at = 0; !bytes && at < entry.size; at += CHUNK) {
    crc = crc32(await readEntry(file, entry, at, Math.min(CHUNK, entry.size - at)), crc)
  }
  if (crc === entry.crc) return
  throw new TacoError(
    'INVALID_DATA',
    `${where} is damaged: '${entry.name}' has another checksum (CRC-32) than the archive states; copy or download it again`,
  )
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const printable = (bytes: Uint8Array): string => new TextDecoder().decode(bytes).replace(/\p{Cc}/gu, '?')
