import { TacoError } from '@tacojs/errors'
import { namePattern } from '../prune/name-pattern.js'
import type { PlannedLayer } from '../prune/plan.js'
import type { Recipe } from '../recipe.js'

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
 * Throws INVALID_ARGUMENT where the recipe asks for a size, a speed or an accuracy, and no layer is free to meet it.
 */
export function checkFree(layers: readonly PlannedLayer[], recipe: Recipe): void {
  const { maxBytes, speedUp, maxMs, maxDrop } = recipe
  const asked = Object.entries({ maxBytes, speedUp, maxMs, maxDrop }).find(([, value]) => value !== undefined)
  if (!asked || freeLayers(layers, recipe).length > 0) return
  throw new TacoError(
    'INVALID_ARGUMENT',
    `${asked[0]}: every layer has its sparsity by name or by its pattern, so none is left to choose; leave out ${asked[0]}, or some of layers`,
  )
}
