import { TacoError } from '@tacojs/errors'
import { DEFAULT_SPARSITY } from '../prune/layer-settings.js'
import { namePattern } from '../prune/name-pattern.js'
import type { PlannedLayer } from '../prune/plan.js'
import type { Recipe } from '../recipe.js'
import { mostMeasured } from './measured-sparsities.js'

/**
 * The layers among which a budget is shared: those that have a sparsity (n:m patterns decide alone), and for which the
 * recipe does not say it by name.
 */
export function freeLayers(layers: readonly PlannedLayer[], recipe: Recipe): PlannedLayer[] {
  const named = Object.entries(recipe.layers)
    .filter(([, fields]) => fields.sparsity !== undefined)
    .map(([text]) => namePattern(text))
  return layers.filter(
    ({ layer, settings }) => settings.sparsity !== undefined && !named.some((fits) => fits(layer.name)),
  )
}

/**
 * Warns of what is asked for all layers where each has its own. Throws INVALID_ARGUMENT where that is a size, a speed or an
 * accuracy, which no layer is free to meet, and for more zeros than an allocation by losses can share.
 */
export function checkFree(layers: readonly PlannedLayer[], recipe: Recipe, warn: (text: string) => void): void {
  const { maxBytes, speedUp, maxMs, maxDrop, sparsity, budget } = recipe
  const allocation = ['auto', 'uniform'].includes(recipe.allocation) ? undefined : recipe.allocation
  if (freeLayers(layers, recipe).length > 0) {
    if (['marginal', 'dp'].includes(recipe.allocation) && sparsity! > mostMeasured) {
      throw new TacoError(
        'INVALID_ARGUMENT',
        `sparsity: the allocation ${allocation} goes up to ${mostMeasured}, not ${sparsity}; ask for less, or for the allocation progression`,
      )
    }
    return
  }
  const why = 'every layer has its sparsity by name or by its pattern'
  const asked = Object.entries({ maxBytes, speedUp, maxMs, maxDrop }).find(([, value]) => value !== undefined)
  if (asked) {
    throw new TacoError(
      'INVALID_ARGUMENT',
      `${asked[0]}: ${why}, so none is left to choose; leave out ${asked[0]}, or some of layers`,
    )
  }
  const own = sparsity === DEFAULT_SPARSITY ? undefined : sparsity
  const idle = Object.entries({ sparsity: own, allocation, budget }).filter(([, value]) => value !== undefined)
  if (idle.length > 0) warn(`${why}: there is no use for ${idle.map(([name]) => name).join(', ')}`)
}
