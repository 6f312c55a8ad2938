import { showSparsity } from './sparsity.js'
import { medianRatio, quantile } from './statistics.js'
import type { Entry, Measured } from './task.js'

export interface Summary extends Measured {
  readonly medianMs: number
  readonly q1Ms: number
  readonly q3Ms: number
  readonly minMs: number
  readonly imagesPerSecond: number
  /** How many times as fast, per image, as others of the same rounds; none for a peer. */
  readonly ratios: Readonly<Record<string, number>>
}

export const summarize = (entries: readonly Measured[]): Summary[] =>
  entries.map((entry) => {
    const [q1Ms, medianMs, q3Ms] = [0.25, 0.5, 0.75].map((p) => quantile(entry.times, p)) as [number, number, number]
    return {
      ...entry,
      medianMs,
      q1Ms,
      q3Ms,
      minMs: Math.min(...entry.times),
      imagesPerSecond: (1000 * entry.batch) / medianMs,
      ratios: entry.own ? ratiosOf(entry, entries) : {},
    }
  })

/** Against every peer, and against ourselves: dense, with one thread, one image at a time. */
function ratiosOf(entry: Measured, entries: readonly Measured[]): Record<string, number> {
  const ratios: Record<string, number> = {}
  const perImage = ({ times, batch }: Measured): number[] => times.map((ms) => ms / batch)
  for (const other of entries) {
    const name = other.own ? ownBaseline(entry, other) : other.batch === entry.batch ? other.runtime : undefined
    if (name) ratios[name] = medianRatio(perImage(other), perImage(entry))
  }
  return ratios
}

/** What another run of ours is to this one; undefined where they differ in more than one way. */
function ownBaseline(entry: Entry, other: Entry): string | undefined {
  const differs = {
    sparsity: showSparsity(entry.sparsity) !== showSparsity(other.sparsity),
    threads: entry.threads !== other.threads,
    batch: entry.batch !== other.batch,
  }
  if (Number(differs.sparsity) + Number(differs.threads) + Number(differs.batch) !== 1) return undefined
  if (differs.sparsity) return other.sparsity.share === 0 ? 'own dense' : undefined
  if (differs.threads) return other.threads === 1 ? 'own 1 thread' : undefined
  return other.batch === 1 ? 'own batch 1' : undefined
}
