import { canonicalCodes, codeLengths, MAX_BITS } from './huffman.js'
import { findMatches, literalsOnly, type Tokens } from './tokens.js'
import {
  codeOrder,
  distanceBase,
  distanceExtra,
  DISTANCES,
  END,
  lengthBase,
  lengthExtra,
  LITERALS,
  symbolOf,
} from './symbols.js'

/** Bytes per block: the most that a stored one can have. */
const BLOCK = 0xffff

/**
 * A deflate stream (RFC 1951) of some parts one after the other; no block of it holds bytes of two parts, so that each
 * has codes of its own. Synchronous, for any environment, and the same bytes everywhere: zlib's depend on its version
 * and on the machine. Each block takes the smallest of three forms: stored, bytes in a code, and repetitions too.
 */
export function deflate(parts: readonly Uint8Array[]): Uint8Array {
  const blocks = parts.flatMap((part) =>
    Array.from({ length: Math.ceil(part.length / BLOCK) }, (_, i) => part.subarray(i * BLOCK, (i + 1) * BLOCK)),
  )
  if (blocks.length === 0) blocks.push(new Uint8Array())
  const out = new BitWriter(blocks.reduce((sum, block) => sum + block.length + 8, 1))
  blocks.forEach((block, i) => {
    const [bytes, matches] = [planned(literalsOnly(block)), findMatches(block)]
    const other = matches && planned(matches)
    const best = other && other.bits < bytes.bits ? other : bytes
    out.put(i === blocks.length - 1 ? 1 : 0, 1)
    if (best.bits + 2 < 8 * block.length + 40) writeCoded(out, best)
    else out.stored(block)
  })
  return out.finish()
}

interface Plan {
  readonly tokens: Tokens
  readonly literals: Uint8Array
  readonly distances: Uint8Array
  readonly header: Header
  /** What the block takes, its first three bits aside. */
  readonly bits: number
}

function planned(tokens: Tokens): Plan {
  const literalCounts = new Uint32Array(LITERALS)
  const distanceCounts = new Uint32Array(DISTANCES)
  literalCounts[END] = 1
  let extra = 0
  for (let i = 0; i < tokens.count; i++) {
    const [length, value] = [tokens.lengths[i]!, tokens.values[i]!]
    if (length === 0) {
      literalCounts[value]!++
      continue
    }
    const [near, far] = [symbolOf(lengthBase, length), symbolOf(distanceBase, value)]
    literalCounts[257 + near]!++
    distanceCounts[far]!++
    extra += lengthExtra[near]! + distanceExtra[far]!
  }
  const [literals, distances] = [codeLengths(literalCounts, MAX_BITS), codeLengths(distanceCounts, MAX_BITS)]
  const header = headerOf(literals, distances)
  const cost = (counts: Uint32Array, lengths: Uint8Array): number =>
    counts.reduce((sum, count, i) => sum + count * lengths[i]!, 0)
  const bits = header.bits + cost(literalCounts, literals) + cost(distanceCounts, distances) + extra
  return { tokens, literals, distances, header, bits }
}

function writeCoded(out: BitWriter, { tokens, literals, distances, header }: Plan): void {
  out.put(2, 2)
  for (const [value, bits] of header.fields) out.put(value, bits)
  const [literalCodes, distanceCodes] = [canonicalCodes(literals), canonicalCodes(distances)]
  for (let i = 0; i < tokens.count; i++) {
    const [length, value] = [tokens.lengths[i]!, tokens.values[i]!]
    if (length === 0) {
      out.put(literalCodes[value]!, literals[value]!)
      continue
    }
    const [near, far] = [symbolOf(lengthBase, length), symbolOf(distanceBase, value)]
    out.put(literalCodes[257 + near]!, literals[257 + near]!)
    out.put(length - lengthBase[near]!, lengthExtra[near]!)
    out.put(distanceCodes[far]!, distances[far]!)
    out.put(value - distanceBase[far]!, distanceExtra[far]!)
  }
  out.put(literalCodes[END]!, literals[END]!)
}

interface Header {
  /** Values and how many bits they take. */
  readonly fields: readonly (readonly [value: number, bits: number])[]
  readonly bits: number
}

/** The lengths of both codes as the stream states them: run lengths, in a code of their own. */
function headerOf(literals: Uint8Array, distances: Uint8Array): Header {
  const used = (lengths: Uint8Array, least: number): number => {
    let count = lengths.length
    while (count > least && lengths[count - 1] === 0) count--
    return count
  }
  const [literalCount, distanceCount] = [used(literals, 257), used(distances, 1)]
  const runs = runsOf([...literals.subarray(0, literalCount), ...distances.subarray(0, distanceCount)])
  const counts = new Uint32Array(19)
  for (const { symbol } of runs) counts[symbol]!++
  // readers want this code to be complete: a second symbol that is never used does that
  if (counts.filter((n) => n > 0).length === 1) counts[counts[0] ? 1 : 0] = 1
  const lengths = codeLengths(counts, 7)
  const codes = canonicalCodes(lengths)
  let stated = 19
  while (stated > 4 && lengths[codeOrder[stated - 1]!] === 0) stated--
  const fields: [number, number][] = [
    [literalCount - 257, 5],
    [distanceCount - 1, 5],
    [stated - 4, 4],
    ...codeOrder.slice(0, stated).map((symbol): [number, number] => [lengths[symbol]!, 3]),
    ...runs.flatMap(({ symbol, extra, bits }): [number, number][] => [
      [codes[symbol]!, lengths[symbol]!],
      [extra, bits],
    ]),
  ]
  return { fields, bits: fields.reduce((sum, [, bits]) => sum + bits, 0) }
}

interface Run {
  readonly symbol: number
  readonly extra: number
  readonly bits: number
}

/** 16 repeats the length before it 3 to 6 times, 17 and 18 are 3 to 10 and 11 to 138 zeros. */
function runsOf(lengths: readonly number[]): Run[] {
  const runs: Run[] = []
  for (let i = 0; i < lengths.length;) {
    const value = lengths[i]!
    let count = 1
    while (i + count < lengths.length && lengths[i + count] === value) count++
    i += count
    if (value !== 0) {
      runs.push({ symbol: value, extra: 0, bits: 0 })
      count--
    }
    while (count >= 3) {
      const [symbol, least, most, bits] = value !== 0 ? [16, 3, 6, 2] : count > 10 ? [18, 11, 138, 7] : [17, 3, 10, 3]
      const taken = Math.min(count, most!)
      runs.push({ symbol: symbol!, extra: taken - least!, bits: bits! })
      count -= taken
    }
    for (; count > 0; count--) runs.push({ symbol: value, extra: 0, bits: 0 })
  }
  return runs
}

/** Bits into bytes, the lowest of each byte first. */
class BitWriter {
  private bytes: Uint8Array
  private at = 0
  private held = 0
  private count = 0
  constructor(room: number) {
    this.bytes = new Uint8Array(room)
  }

  put(value: number, bits: number): void {
    this.held |= value << this.count
    this.count += bits
    while (this.count >= 8) {
      this.bytes[this.at++] = this.held & 255
      this.held >>>= 8
      this.count -= 8
    }
  }

  /** A stored block: its kind, then whole bytes. */
  stored(block: Uint8Array): void {
    this.put(0, 2)
    if (this.count > 0) this.put(0, 8 - this.count)
    this.put(block.length, 16)
    this.put(block.length ^ 0xffff, 16)
    this.bytes.set(block, this.at)
    this.at += block.length
  }

  finish(): Uint8Array {
    if (this.count > 0) this.put(0, 8 - this.count)
    return this.bytes.slice(0, this.at)
  }
}
