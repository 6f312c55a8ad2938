import type { PrunableLayer } from '@tacojs/graph'
import type { Recipe } from '../recipe.js'

/** Share of a layer's positions that is looked at, of so many over all images. */
export type Share = (positions: number, layer: Pick<PrunableLayer, 'kind' | 'cols'>) => number

/** Share that counts for nearly all, where positions have weights and are taken by these. */
const WEIGHED = 0.5

/** Of a convolution, so many positions for each of its inputs say nearly all: its windows overlap, neighbours are alike. */
const ENOUGH = 64
/** Inputs that it is taken to have at least. */
const FEWEST = 256

/** The share that a recipe gives; `weighed`: positions have weights. */
export function shareOf(positions: Recipe['positions'], weighed: boolean): Share {
  if (positions !== 'auto') return () => positions
  const most = weighed ? WEIGHED : 1
  return (all, { kind, cols }) => (kind === 'Conv' ? Math.min(most, (ENOUGH * Math.max(FEWEST, cols)) / all) : most)
}
