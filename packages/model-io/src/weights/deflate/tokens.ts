/** A block as bytes and repetitions of what came before. */
export interface Tokens {
  readonly count: number
  /** 0 for a byte, else the length of a repetition. */
  readonly lengths: Uint16Array
  /** The byte, or the distance of the repetition. */
  readonly values: Uint16Array
}

/** Shorter repetitions cost more than the bytes of weights, which have short codes. */
const SHORTEST = 6
const LONGEST = 258
const FARTHEST = 1 << 15
const HASH_BITS = 15
/** How many earlier places with the same hash are looked at. */
const PATIENCE = 8

export const literalsOnly = (block: Uint8Array): Tokens => ({
  count: block.length,
  lengths: new Uint16Array(block.length),
  values: Uint16Array.from(block),
})

/** Where less than a hundredth of so many bytes, or of more, are repetitions, the rest of the block is not searched. */
const PROBE = 1 << 13

/** Greedy repetitions, found by hashes of four bytes; undefined where there are none to speak of. */
export function findMatches(block: Uint8Array): Tokens | undefined {
  const lengths = new Uint16Array(block.length)
  const values = new Uint16Array(block.length)
  const newest = new Int32Array(1 << HASH_BITS).fill(-1)
  const older = new Int32Array(block.length)
  let count = 0
  let covered = 0
  const note = (at: number): void => {
    if (at + 4 > block.length) return
    const hash = hashAt(block, at)
    older[at] = newest[hash]!
    newest[hash] = at
  }
  for (let at = 0; at < block.length;) {
    let length = 0
    let distance = 0
    if (at + SHORTEST <= block.length) {
      let from = newest[hashAt(block, at)]!
      for (let tries = 0; tries < PATIENCE && from >= 0 && at - from <= FARTHEST; tries++, from = older[from]!) {
        const found = matchLength(block, from, at)
        if (found > length) [length, distance] = [found, at - from]
      }
    }
    const isMatch = length >= SHORTEST
    if (isMatch) covered += length
    else if (at >= PROBE && covered < at / 100) return undefined
    lengths[count] = isMatch ? length : 0
    values[count++] = isMatch ? distance : block[at]!
    for (const end = at + (isMatch ? length : 1); at < end; at++) note(at)
  }
  return { count, lengths, values }
}

const hashAt = (block: Uint8Array, at: number): number =>
  Math.imul(block[at]! | (block[at + 1]! << 8) | (block[at + 2]! << 16) | (block[at + 3]! << 24), 0x9e3779b1) >>>
  (32 - HASH_BITS)

function matchLength(block: Uint8Array, from: number, at: number): number {
  const most = Math.min(LONGEST, block.length - at)
  let length = 0
  while (length < most && block[from + length] === block[at + length]) length++
  return length
}
