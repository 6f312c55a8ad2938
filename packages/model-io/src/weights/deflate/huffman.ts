import { TacoError } from '@tacojs/errors'

export const MAX_BITS = 15

/**
 * Lengths of an optimal prefix code of at most `limit` bits.
 *
 * @returns a length per symbol, 0 for those that do not occur; a single symbol has one bit
 */
export function codeLengths(counts: ArrayLike<number>, limit: number): Uint8Array {
  const symbols = Array.from(counts, (_, i) => i)
    .filter((i) => counts[i]! > 0)
    .sort((a, b) => counts[a]! - counts[b]! || a - b)
  const weights = symbols.map((i) => counts[i]!)
  const lengths = new Uint8Array(counts.length)
  const free = freeDepths(weights)
  const depths = free.every((depth) => depth <= limit) ? free : limitedDepths(weights, limit)
  symbols.forEach((symbol, i) => (lengths[symbol] = depths[i]!))
  return lengths
}

/** Depths in Huffman's tree of ascending weights: the two lightest of leaves and joined trees are joined, in two queues. */
function freeDepths(weights: readonly number[]): number[] {
  const n = weights.length
  if (n < 2) return weights.map(() => 1)
  const weight = [...weights, ...new Array<number>(n - 1).fill(0)]
  const parent = new Array<number>(2 * n - 1).fill(0)
  let leaf = 0
  let tree = n
  for (let made = n; made < 2 * n - 1; made++) {
    for (let side = 0; side < 2; side++) {
      const least = leaf < n && (tree >= made || weight[leaf]! <= weight[tree]!) ? leaf++ : tree++
      weight[made]! += weight[least]!
      parent[least] = made
    }
  }
  const depth = new Array<number>(2 * n - 1).fill(0)
  for (let i = 2 * n - 3; i >= 0; i--) depth[i] = depth[parent[i]!]! + 1
  return depth.slice(0, n)
}

/**
 * The same with a limit, by package-merge (Larmore and Hirschberg 1990), which is slower: of all pairings of what is
 * cheap, repeated once per bit, the 2n - 2 cheapest say how long each symbol's code is.
 */
function limitedDepths(weights: readonly number[], limit: number): number[] {
  interface Coin {
    readonly weight: number
    readonly leaves: readonly number[]
  }
  const singles = weights.map((weight, i): Coin => ({ weight, leaves: [i] }))
  let coins = singles
  for (let bit = 1; bit < limit; bit++) {
    const pairs: Coin[] = []
    for (let i = 0; i + 1 < coins.length; i += 2) {
      const [a, b] = [coins[i]!, coins[i + 1]!]
      pairs.push({ weight: a.weight + b.weight, leaves: [...a.leaves, ...b.leaves] })
    }
    coins = [...singles, ...pairs].sort((a, b) => a.weight - b.weight)
  }
  const depths = weights.map(() => 0)
  for (const { leaves } of coins.slice(0, 2 * weights.length - 2)) for (const i of leaves) depths[i]!++
  return depths
}

/** The canonical code of given lengths (RFC 1951, 3.2.2), each with its first bit lowest, as the stream wants them. */
export function canonicalCodes(lengths: Uint8Array): Uint16Array {
  const codes = new Uint16Array(lengths.length)
  let code = 0
  for (let bits = 1; bits <= MAX_BITS; bits++) {
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      if (lengths[symbol] === bits) codes[symbol] = reversed(code++, bits)
    }
    code <<= 1
  }
  return codes
}

function reversed(code: number, bits: number): number {
  let out = 0
  for (let i = 0; i < bits; i++) out |= ((code >> i) & 1) << (bits - 1 - i)
  return out
}

export interface DecodingTable {
  /** Bits to look at; the entry at their value is `symbol << 4 | length`, 0 where no code is. */
  readonly bits: number
  readonly entries: Uint16Array
}

/** Throws INVALID_DATA for lengths that no prefix code has. */
export function decodingTable(lengths: Uint8Array): DecodingTable {
  const bits = lengths.reduce((most, length) => Math.max(most, length), 0)
  const entries = new Uint16Array(1 << bits)
  const used = lengths.reduce((sum, length) => sum + (length === 0 ? 0 : 2 ** -length), 0)
  if (used > 1) throw new TacoError('INVALID_DATA', 'compressed data is damaged: a code has too many symbols')
  const codes = canonicalCodes(lengths)
  lengths.forEach((length, symbol) => {
    if (length === 0) return
    for (let at = codes[symbol]!; at < entries.length; at += 1 << length) entries[at] = (symbol << 4) | length
  })
  return { bits, entries }
}
