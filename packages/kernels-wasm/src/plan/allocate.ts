import type { Storage } from '../layout/view.js'

/** First and last step that use a storage. */
export interface Lifetime {
  readonly storage: Storage
  first: number
  last: number
}

const aligned = (floats: number): number => Math.ceil(floats / 16) * 16

/**
 * Offsets in floats such that storages that live at the same time do not overlap: largest first, each at the lowest
 * place that is free for all its life (Pisarchyk & Lee 2020, greedy by size).
 */
export function allocate(lifetimes: readonly Lifetime[]): { offsets: Map<Storage, number>; floats: number } {
  const placed: { life: Lifetime; offset: number; end: number }[] = []
  const offsets = new Map<Storage, number>()
  let floats = 0
  const bySize = [...lifetimes].sort((a, b) => b.storage.floats - a.storage.floats || a.storage.id - b.storage.id)
  for (const life of bySize) {
    const size = aligned(life.storage.floats)
    const rivals = placed
      .filter((p) => p.life.first <= life.last && life.first <= p.life.last)
      .sort((a, b) => a.offset - b.offset)
    let offset = 0
    for (const rival of rivals) {
      if (offset + size <= rival.offset) break
      offset = Math.max(offset, rival.end)
    }
    placed.push({ life, offset, end: offset + size })
    offsets.set(life.storage, offset)
    floats = Math.max(floats, offset + size)
  }
  return { offsets, floats }
}
