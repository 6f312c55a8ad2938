import { TacoError } from '@tacojs/errors'
import { prunableLayers, type Graph } from '@tacojs/graph'
import { parsePattern, type MethodName, type Pattern } from '@tacojs/solver'
import type { Recipe } from '../recipe.js'
import { namePattern } from './name-pattern.js'

/** How one layer is pruned. */
export interface LayerSettings {
  readonly keep: boolean
  readonly method: MethodName
  readonly pattern: Pattern
  /** Undefined for n:m patterns, which decide alone. */
  readonly sparsity: number | undefined
}

/**
 * What the recipe says about each layer, by its name: its general fields, then `layers` in the order they stand there,
 * the later ones over the earlier. An n:m pattern takes the place of the sparsities before it.
 *
 * @throws INVALID_ARGUMENT for a name pattern that fits no layer, and for a sparsity where an n:m pattern decides
 */
export function layerSettings(graph: Graph, recipe: Recipe): Map<string, LayerSettings> {
  const names = prunableLayers(graph).map((layer) => layer.name)
  const overrides = Object.entries(recipe.layers).map(([text, fields]) => {
    const fits = namePattern(text)
    if (!names.some(fits)) {
      throw new TacoError('INVALID_ARGUMENT', `layers: '${text}' fits no prunable layer; there are e.g. ${some(names)}`)
    }
    return { fits, fields, text }
  })
  const settings = new Map<string, LayerSettings>()
  for (const name of names) {
    let [keep, method] = [false, recipe.method ?? DEFAULT_METHOD]
    let pattern = recipe.pattern
    let sparsity = recipe.sparsity
    /** The entry that says the sparsity, unless a later one gives an n:m pattern. */
    let saidBy: string | undefined
    for (const { fits, fields, text } of overrides) {
      if (!fits(name)) continue
      keep = fields.keep ?? keep
      method = fields.method ?? method
      if (fields.pattern !== undefined) {
        pattern = fields.pattern
        if (parsePattern(pattern).kind === 'nm') saidBy = undefined
      }
      if (fields.sparsity !== undefined) [sparsity, saidBy] = [fields.sparsity, text]
    }
    const parsed = parsePattern(pattern)
    const decidesAlone = parsed.kind === 'nm'
    if (decidesAlone && saidBy !== undefined) {
      throw new TacoError('INVALID_ARGUMENT', sparsityBesidePattern(`layers['${saidBy}']`, pattern))
    }
    settings.set(name, {
      keep,
      method,
      pattern: parsed,
      sparsity: decidesAlone ? undefined : (sparsity ?? DEFAULT_SPARSITY),
    })
  }
  return settings
}

export const DEFAULT_SPARSITY = 0.5
export const DEFAULT_METHOD: MethodName = 'admm'

/** What to say where both are given. */
export const sparsityBesidePattern = (field: string, pattern: string): string =>
  `${field}: the pattern ${pattern} decides how many weights are zero; leave the sparsity out, or use another pattern`

const some = (names: readonly string[]): string => names.slice(0, 6).join(', ')
