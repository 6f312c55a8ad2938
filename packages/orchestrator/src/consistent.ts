import { TacoError } from '@tacojs/errors'
import { parsePattern, type Pattern } from '@tacojs/solver'
import { DEFAULT_METHOD, DEFAULT_SPARSITY, sparsityBesidePattern } from './prune/layer-settings.js'
import type { Recipe } from './recipe.js'
import { checkViews } from './views.js'

/** What may be asked for in the place of a sparsity. */
const targets = ['maxBytes', 'speedUp', 'maxMs', 'maxDrop'] as const

/**
 * A recipe whose fields go together, with the defaults that depend on others. What another field would leave without a
 * say is refused, never passed over.
 *
 * @throws INVALID_ARGUMENT naming a field, the one that it does not go with, and what to do
 */
export function consistent(recipe: Recipe): Recipe {
  checkViews(recipe)
  const [target, second] = targets.filter((field) => recipe[field] !== undefined)
  if (target && second) throw refused(second, `not beside ${target}; ask for one of them`)
  if (target && recipe.sparsity !== undefined) {
    throw refused('sparsity', `not beside ${target}, which looks for the sparsity itself; leave one of them out`)
  }
  if (recipe.dev !== undefined && target !== 'maxDrop') throw refused('dev', 'is for maxDrop only; give that too')
  if (recipe.budget !== undefined && (target === 'speedUp' || target === 'maxMs')) {
    throw refused('budget', `not beside ${target}, which counts in milliseconds; leave it out`)
  }
  const own = Object.entries(recipe.layers)
  for (const [name, { keep, ...others }] of own) {
    const [other] = Object.keys(others)
    if (keep && other) {
      throw refused(
        `layers['${name}']`,
        `keep leaves the layer dense, ${other} is for pruning it; leave one of them out`,
      )
    }
  }
  const sparsity = target ? undefined : (recipe.sparsity ?? DEFAULT_SPARSITY)
  if (isStructured(recipe)) return { ...structured(recipe, target), sparsity }
  for (const [name, { pattern }] of own) {
    if (pattern === undefined) continue
    if (isStructured({ pattern })) throw refused(`layers['${name}']`, 'the pattern structured is for a whole recipe')
    try {
      parsePattern(pattern)
    } catch (error) {
      throw refused(`layers['${name}']`, (error as TacoError).message)
    }
  }
  const { method = DEFAULT_METHOD, refit = true, warmStart = 'auto' } = recipe
  const filled = { ...recipe, method, refit, warmStart }
  if (patternOf(recipe).kind !== 'nm') return { ...filled, sparsity }
  if (recipe.sparsity !== undefined) {
    throw new TacoError('INVALID_ARGUMENT', sparsityBesidePattern('sparsity', recipe.pattern))
  }
  // layers with patterns of their own may still have a choice
  const given = ['auto', 'uniform'].includes(recipe.allocation) ? undefined : 'allocation'
  const chosen = target ?? given ?? (recipe.budget === undefined ? undefined : 'budget')
  if (chosen && !own.some(([, { pattern }]) => pattern !== undefined)) {
    throw refused(
      chosen,
      `the pattern ${recipe.pattern} decides how many weights are zero; leave ${chosen} out, or use another pattern`,
    )
  }
  return filled
}

/** Throws what is wrong with it, and that it could be structured. */
function patternOf({ pattern }: Recipe): Pattern {
  try {
    return parsePattern(pattern)
  } catch (error) {
    throw new TacoError('INVALID_ARGUMENT', `${(error as TacoError).message}, or structured`)
  }
}

/** Whether the network gets smaller; the other patterns are the solver's. */
export const isStructured = ({ pattern }: Pick<Recipe, 'pattern'>): boolean =>
  pattern.trim().toLowerCase() === 'structured'

/** Throws where something is asked for that whole units cannot give. */
function structured(recipe: Recipe, target: (typeof targets)[number] | undefined): Recipe {
  const not = (field: string, instead: string): TacoError =>
    refused(field, `not with the pattern structured; ${instead}`)
  const instead = 'give a sparsity, for all or by name (layers), or maxDrop'
  if (!['auto', 'uniform'].includes(recipe.allocation)) throw not('allocation', instead)
  if (target && target !== 'maxDrop') throw not(target, instead)
  if (recipe.budget !== undefined) throw not('budget', instead)
  const { method, refit } = recipe
  if (method !== undefined && method !== 'magnitude') {
    throw not('method', 'units are chosen by group OBS, or by magnitude; leave it out, or give that')
  }
  if (refit === false && !method) throw not('refit', 'group OBS fits the rest exactly, so leave it out')
  if (recipe.warmStart !== undefined) {
    throw not('warmStart', 'the weights that stay are fitted whether they were zero or not, so leave it out')
  }
  for (const [name, { pattern, method }] of Object.entries(recipe.layers)) {
    if (pattern ?? method) throw not(`layers['${name}']`, 'give a sparsity or keep')
  }
  return recipe
}

const refused = (field: string, why: string): TacoError => new TacoError('INVALID_ARGUMENT', `${field}: ${why}`)
