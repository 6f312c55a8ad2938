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
