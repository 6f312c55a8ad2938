import type { Graph } from '@tacojs/graph'
import { prunedShare, type Specialist } from '../pruner.js'
import { attemptsFor, lastGood } from './grid.js'

/** A sparsity that was tried, and what its specialist does on the dev images. */
export interface TriedSparsity {
  /** As it was asked for. */
  readonly sparsity: number
  /** Zeros, or units that went, over all pruned layers: other than asked for where some have a sparsity of their own. */
  readonly share: number
  readonly correct: number
  readonly top1: number
  /** Points of top-1 under the dense model. */
  readonly drop: number
}

/** How a sparsity was found for an accuracy. */
export interface AccuracySearch {
  /** Points of top-1 that may be lost. */
  readonly maxDrop: number
  /** Dev images that were measured on. */
  readonly images: number
  readonly dense: { readonly correct: number; readonly top1: number }
  /** By rising sparsity. */
  readonly tried: readonly TriedSparsity[]
  /** That of the specialist: the highest that was found to lose no more, or the lowest, if that loses more. */
  readonly sparsity: number
  /** Whether it loses no more. */
  readonly reached: boolean
}

export interface AccuracyTarget {
  readonly maxDrop: number
  /** Rising. */
  readonly grid: readonly number[]
  readonly dense: { readonly correct: number; readonly images: number }
}

/**
 * The highest sparsity of a grid whose specialist loses no more top-1 on the dev images than allowed, by bisection: it
 * takes that losses rise with sparsity. Where all lose more, the lowest that was tried, which is the grid's lowest.
 *
 * @param pruneAt gives the specialist of a sparsity; @param correctOf the dev images that a network is right about
 */
export async function searchAccuracy(
  pruneAt: (sparsity: number, attempt: Attempt) => Promise<Specialist>,
  correctOf: (graph: Graph, attempt: Attempt) => Promise<number>,
  { maxDrop, grid, dense }: AccuracyTarget,
): Promise<{ specialist: Specialist; search: AccuracySearch }> {
  const { images } = dense
  const tried: TriedSparsity[] = []
  let best: { sparsity: number; specialist: Specialist } | undefined
  const good = await lastGood(grid, async (sparsity, index) => {
    const attempt = { index, of: attemptsFor(grid.length), sparsity }
    const specialist = await pruneAt(sparsity, attempt)
    const correct = await correctOf(specialist.graph, attempt)
    const drop = (100 * (dense.correct - correct)) / images
    tried.push({ sparsity, share: prunedShare(specialist), correct, top1: correct / images, drop })
    // 1e-9 forgives what a division is off
    const reached = drop <= maxDrop + 1e-9
    if (reached || sparsity === grid[0]) best = { sparsity, specialist }
    return reached
  })
  return {
    specialist: best!.specialist,
    search: {
      maxDrop,
      images,
      dense: { correct: dense.correct, top1: dense.correct / images },
      tried: tried.sort((a, b) => a.sparsity - b.sparsity),
      sparsity: best!.sparsity,
      reached: good >= 0,
    },
  }
}

/** One of the sparsities that are tried. */
export interface Attempt {
  /** From 0. */
  readonly index: number
  readonly of: number
  readonly sparsity: number
}
