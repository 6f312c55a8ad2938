import { TacoError } from '@tacojs/errors'
import { decodingTable, type DecodingTable } from './huffman.js'
import { codeOrder, distanceBase, distanceExtra, END, lengthBase, lengthExtra } from './symbols.js'

const damaged = (why: string): TacoError => new TacoError('INVALID_DATA', `compressed data is damaged: ${why}`)

/** The lengths of the fixed codes (RFC 1951, 3.2.6). */
const fixedLiterals = (): Uint8Array =>
  Uint8Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8))
const fixedDistances = (): Uint8Array => new Uint8Array(30).fill(5)

/**
 * The `size` bytes of a deflate stream (RFC 1951). Synchronous and for any environment; nothing beyond `size` is
 * allocated. Throws INVALID_DATA where the stream is damaged, gives another number of bytes or has bytes behind it.
 */
export function inflate(bytes: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size)
  const input = new BitReader(bytes)
  let at = 0
  let last = false
  while (!last) {
    last = input.take(1) === 1
    const kind = input.take(2)
    if (kind === 0) at = stored(input, out, at)
    else if (kind === 1) at = coded(input, out, at, decodingTable(fixedLiterals()), decodingTable(fixedDistances()))
    else if (kind === 2) at = coded(input, out, at, ...dynamicTables(input))
    else throw damaged('a block is of no kind')
  }
  if (at !== size) throw damaged(`it holds ${at} bytes where ${size} are needed`)
  if (!input.atEnd()) throw damaged('bytes follow its end')
  return out
}

function stored(input: BitReader, out: Uint8Array, at: number): number {
  const bytes = input.storedBytes()
  if (at + bytes.length > out.length) throw damaged('it holds more bytes than it should')
  out.set(bytes, at)
  return at + bytes.length
}

function coded(
  input: BitReader,
  out: Uint8Array,
  start: number,
  literals: DecodingTable,
  distances: DecodingTable,
): number {
  let at = start
  for (;;) {
    const symbol = input.symbol(literals)
    if (symbol === END) return at
    if (symbol < END) {
      if (at === out.length) throw damaged('it holds more bytes than it should')
      out[at++] = symbol
      continue
    }
    const base = lengthBase[symbol - 257]
    if (base === undefined) throw damaged('a length is of no kind')
    const length = base + input.take(lengthExtra[symbol - 257]!)
    const far = input.symbol(distances)
    if (far >= distanceBase.length) throw damaged('a distance is of no kind')
    const distance = distanceBase[far]! + input.take(distanceExtra[far]!)
    if (distance > at) throw damaged('it refers to what lies before its start')
    if (at + length > out.length) throw damaged('it holds more bytes than it should')
    // byte by byte: what is copied may be what was just written
    for (let i = 0; i < length; i++, at++) out[at] = out[at - distance]!
  }
}

function dynamicTables(input: BitReader): [DecodingTable, DecodingTable] {
  const literals = input.take(5) + 257
  const distances = input.take(5) + 1
  const codes = new Uint8Array(19)
  for (let i = input.take(4) + 4, k = 0; k < i; k++) codes[codeOrder[k]!] = input.take(3)
  const table = decodingTable(codes)
  const lengths = new Uint8Array(literals + distances)
  for (let i = 0; i < lengths.length;) {
    const symbol = input.symbol(table)
    if (symbol < 16) {
      lengths[i++] = symbol
      continue
    }
    if (symbol === 16 && i === 0) throw damaged('a code starts with a repetition')
    const [value, count] =
      symbol === 16 ? [lengths[i - 1]!, 3 + input.take(2)] : [0, symbol === 17 ? 3 + input.take(3) : 11 + input.take(7)]
    if (i + count > lengths.length) throw damaged('a code has too many lengths')
    lengths.fill(value, i, i + count)
    i += count
  }
  return [decodingTable(lengths.subarray(0, literals)), decodingTable(lengths.subarray(literals))]
}

/** Bits of a stream, the lowest of each byte first. */
class BitReader {
  private at = 0
  private held = 0
  private count = 0
  constructor(private readonly bytes: Uint8Array) {}

  take(bits: number): number {
    while (this.count < bits) this.fill()
    const value = this.held & ((1 << bits) - 1)
    this.held >>>= bits
    this.count -= bits
    return value
  }

  symbol({ bits, entries }: DecodingTable): number {
    while (this.count < bits && this.at < this.bytes.length) this.fill()
    const entry = entries[this.held & ((1 << bits) - 1)]!
    const length = entry & 15
    if (length === 0) throw damaged('a code stands for nothing')
    if (length > this.count) throw damaged('it is cut off')
    this.held >>>= length
    this.count -= length
    return entry >> 4
  }

  /** The bytes of a stored block, from the next whole byte on. */
  storedBytes(): Uint8Array {
    this.at -= this.count >> 3
    this.held = this.count = 0
    const [length, check] = [this.take(16), this.take(16)]
    if ((length ^ check) !== 0xffff) throw damaged('the length of a block is not what its check says')
    if (this.at + length > this.bytes.length) throw damaged('it is cut off')
    this.at += length
    return this.bytes.subarray(this.at - length, this.at)
  }

  /** Whether all bytes are used; bits that fill up the last one do not count. */
  atEnd(): boolean {
    return this.at - (this.count >> 3) === this.bytes.length
  }

  private fill(): void {
    if (this.at === this.bytes.length) throw damaged('it is cut off')
    this.held |= this.bytes[this.at++]! << this.count
    this.count += 8
  }
}
