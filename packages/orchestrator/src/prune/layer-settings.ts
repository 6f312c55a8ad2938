import { TacoError } from '@tacojs/errors'
import { prunableLayers, type Graph } from '@tacojs/graph'
import { parsePattern, type MethodName, type Pattern } from '@tacojs/solver'
import type { Recipe } from '../recipe.js'
import { namePattern } from './name-pattern.js'
import { sharingOf } from './shared-weights.js'

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
 * @throws INVALID_ARGUMENT for a name pattern that fits no layer, or only such as stay dense anyway, and for a sparsity
 *   where an n:m pattern decides
 */
export function layerSettings(graph: Graph, recipe: Recipe): Map<string, LayerSettings> {
  const proposed = prunableLayers(graph)
  const names = proposed.map((layer) => layer.name)
  const shared = new Set(proposed.filter(sharingOf(graph)).map((layer) => layer.name))
  const kept = recipe.keep.map(namePattern)
  const overrides = inOrder(recipe.layers).map(([text, fields]) => {
    const fits = namePattern(text)
    const own = names.filter(fits)
    if (own.length === 0) {
      throw new TacoError('INVALID_ARGUMENT', `layers: '${text}' fits no prunable layer; there are e.g. ${some(names)}`)
    }
    if (!fields.keep && own.every((name) => kept.some((is) => is(name)))) {
      throw new TacoError(
        'INVALID_ARGUMENT',
        `layers: '${text}' fits only layers that keep leaves dense; leave it out of one of them`,
      )
    }
    if (!fields.keep && own.every((name) => shared.has(name))) {
      throw new TacoError(
        'INVALID_ARGUMENT',
        `layers: '${text}' fits only layers that share their weight with another, which stay dense; leave it out`,
      )
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

/**
 * As they were written, but for names that are whole numbers, as in an nn.Sequential: JavaScript puts these first, and they
 * go last, for they name one layer and patterns many.
 */
function inOrder(layers: Recipe['layers']): [string, Recipe['layers'][string]][] {
  const isNumber = ([name]: readonly [string, unknown]): boolean => /^\d+$/.test(name)
  const entries = Object.entries(layers)
  return [...entries.filter((entry) => !isNumber(entry)), ...entries.filter(isNumber)]
}

export const DEFAULT_SPARSITY = 0.5
export const DEFAULT_METHOD: MethodName = 'admm'

/** What to say where both are given. */
export const sparsityBesidePattern = (field: string, pattern: string): string =>
  `${field}: the pattern ${pattern} decides how many weights are zero; leave the sparsity out, or use another pattern`

const some = (names: readonly string[]): string => names.slice(0, 6).join(', ')
