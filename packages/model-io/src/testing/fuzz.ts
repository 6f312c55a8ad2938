import { isTacoError } from '@tacojs/errors'
import { joined } from './joined.js'

/** Something that takes foreign bytes. */
export interface FuzzTarget {
  readonly name: string
  /** Inputs that it takes, to begin with. */
  readonly seeds: readonly Uint8Array[]
  /** What means something in its inputs: names, signatures, opcodes. */
  readonly words: readonly Uint8Array[]
  /** Must end in a value or in a TacoError. Sync or not. */
  run(bytes: Uint8Array): unknown
}

export interface FuzzResult {
  readonly accepted: number
  readonly refused: number
  /** Milliseconds that the slowest input took. */
  readonly slowest: number
}

/** A whole number from 0, below the given one. */
export type Random = (below: number) => number

/** A linear congruential generator: the same inputs in every run. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** Numbers at which lengths and places go wrong. */
const edges = [0, 1, 0x7f, 0x80, 0xff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff]

type Mutation = (bytes: Uint8Array, at: number, next: Random, target: FuzzTarget) => Uint8Array

const mutations: readonly Mutation[] = [
  // a bit
  (bytes, at, next) => bytes.with(at, bytes[at]! ^ (1 << next(8))),
  // a byte
  (bytes, at, next) => bytes.with(at, next(256)),
  // a length or a place, of 2, 4 or 8 bytes
  (bytes, at, next) => {
    const out = bytes.slice()
    const value = edges[next(edges.length)]! + next(3) - 1
    const size = [2, 4, 8][next(3)]!
    for (let i = 0; i < size && at + i < out.length; i++)
      out[at + i] = i < 4 ? (value >>> (8 * i)) & 255 : next(2) * 255
    return out
  },
  // the end
  (bytes, at) => bytes.subarray(0, at),
  // a piece left out, written twice, or many times
  (bytes, at, next) => joined(bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + 1 + next(32)))),
  (bytes, at, next) => {
    const piece = bytes.subarray(at, at + 1 + next(32))
    const times = next(4) === 0 ? 1 + next(2000) : 1
    return joined(bytes.subarray(0, at), ...new Array<Uint8Array>(times).fill(piece), bytes.subarray(at))
  },
  // a piece moved within the bytes
  (bytes, at, next) => bytes.slice().copyWithin(at, next(bytes.length), next(bytes.length)),
  // the beginning of one input and the end of another
  (bytes, at, next, { seeds }) => {
    const other = seeds[next(seeds.length)]!
    return joined(bytes.subarray(0, at), other.subarray(next(other.length)))
  },
  // a word put in, or in place of what was there
  (bytes, at, next, { words }) => {
    const word = words[next(words.length)]!
    return joined(bytes.subarray(0, at), word, bytes.subarray(Math.min(bytes.length, at + next(2) * word.length)))
  },
]

/** One to four changes of one of the target's seeds. */
export function mutated(target: FuzzTarget, next: Random): Uint8Array {
  let bytes = target.seeds[next(target.seeds.length)]!
  for (let n = next(4); n >= 0 && bytes.length > 0; n--) {
    bytes = mutations[next(mutations.length)]!(bytes, next(bytes.length), next, target)
  }
  return bytes
}

/**
 * Gives a target so many changed inputs.
 *
 * @throws Error for an input that ends in anything but a value or a TacoError of one line, or that changes a prototype; it
 *   names the round, and has the input as hexadecimal
 */
export async function fuzz(target: FuzzTarget, rounds: number, seed = 1): Promise<FuzzResult> {
  const next = seededRandom(seed)
  let [refused, slowest] = [0, 0]
  for (let round = 0; round < rounds; round++) {
    const input = mutated(target, next)
    const fail = (why: string, cause?: unknown): never => {
      const bytes = Buffer.from(input).toString('hex')
      throw new Error(`${target.name}, round ${round}: ${why}; input ${bytes}`, { cause })
    }
    const started = performance.now()
    try {
      await target.run(input)
    } catch (error) {
      if (!isTacoError(error) || /[\r\n]/.test(error.message)) fail(String(error), error)
      refused++
    }
    slowest = Math.max(slowest, performance.now() - started)
    if (Object.keys(Object.prototype).length > 0) fail('a prototype has changed')
  }
  return { accepted: rounds - refused, refused, slowest }
}
