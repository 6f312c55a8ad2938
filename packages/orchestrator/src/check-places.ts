import { isAbsolute, relative, resolve, sep } from 'node:path'
import { TacoError } from '@tacojs/errors'
import type { Recipe } from './recipe.js'
import type { SpecializeOptions } from './specialize.js'

/** Throws INVALID_ARGUMENT for places of no name, and for a bundle among the images, where it would be a class. */
export function checkPlaces(
  recipe: Recipe,
  { out, eval: evaluation, control, fresh }: Pick<SpecializeOptions, 'out' | 'eval' | 'control' | 'fresh'>,
): void {
  const { model, data, labels, dev } = recipe
  for (const [name, place] of Object.entries({ model, data, labels, dev, eval: evaluation, control, out })) {
    if (place === '') throw new TacoError('INVALID_ARGUMENT', `${name}: is empty; leave it out, or name a place`)
  }
  if (fresh && out === undefined) throw new TacoError('INVALID_ARGUMENT', 'fresh: is for out only; give that too')
  for (const [name, folder] of Object.entries({ data, dev, eval: evaluation })) {
    if (out === undefined || folder === undefined) continue
    // hidden folders, and what lies deeper, are no classes
    const way = relative(resolve(folder), resolve(out))
    if (way.includes(sep) || way.startsWith('.') || isAbsolute(way)) continue
    throw new TacoError(
      'INVALID_ARGUMENT',
      `out: '${out}' is in the images of ${name} ('${folder}'), where it would be a class; name a place outside`,
    )
  }
}
