import type { Storage } from '../layout/view.js'

/** Constant data of a plan: tables, tiles, commands. Its address is known when the plan is laid out. */
export interface Chunk {
  readonly words: readonly Word[] | Int32Array | Float32Array | Uint32Array
  address: number
}

/**
 * A 32-bit word of a command: an integer, a float32, the address of a chunk (0 for none), or of a float in a storage.
 */
export type Word = number | { readonly f32: number } | Chunk | Address

export interface Address {
  readonly storage: Storage
  /** Floats from the storage's beginning. */
  readonly offset: number
}

export const f32 = (value: number): { readonly f32: number } => ({ f32: value })
export const at = (storage: Storage, offset = 0): Address => ({ storage, offset })
export const chunk = (words: Chunk['words']): Chunk => ({ words, address: 0 })

/** Bytes from floats. */
export const bytes = (table: Int32Array): Int32Array => table.map((v) => v * 4)

const scratch = new Float32Array(1)
const scratchBits = new Int32Array(scratch.buffer)

/** The word's bits, once all addresses are known. */
export function resolve(word: Word, addressOf: (storage: Storage) => number): number {
  if (typeof word === 'number') return word | 0
  if ('f32' in word) {
    scratch[0] = word.f32
    return scratchBits[0]!
  }
  if ('storage' in word) return (addressOf(word.storage) + word.offset * 4) | 0
  return word.address | 0
}

/** The chunks that a list of words leads to, those that others point to first. */
export function collect(roots: readonly Chunk[]): Chunk[] {
  const seen = new Set<Chunk>()
  const ordered: Chunk[] = []
  const visit = (c: Chunk): void => {
    if (seen.has(c)) return
    seen.add(c)
    if (Array.isArray(c.words))
      for (const word of c.words as readonly Word[]) if (typeof word === 'object' && 'words' in word) visit(word)
    ordered.push(c)
  }
  roots.forEach(visit)
  return ordered
}
