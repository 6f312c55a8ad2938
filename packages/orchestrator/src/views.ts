import { mostViews } from '@tacojs/calibration'
import { TacoError } from '@tacojs/errors'
import type { Recipe } from './recipe.js'

/** Inputs that the statistics are to see, unless the recipe says how often each image is seen. */
const wanted = 320
/** Further views of the same image tell little more, and cost as much as another image. */
const most = 8

/** Bytes that the activations of both streams may take for the sake of further views. */
const room = 2 ** 30

/**
 * How often each image is seen, itself included.
 *
 * @param of.frontier bytes of one image between two steps of a stream
 */
export function viewsOf(
  { augment, views }: Pick<Recipe, 'augment' | 'views'>,
  of: { readonly images: number; readonly frontier: number },
): number {
  const held = Math.floor(room / (2 * of.frontier * of.images))
  const auto = Math.max(1, Math.min(most, Math.ceil(wanted / of.images), held))
  return Math.min(views === 'auto' ? auto : views, mostViews(augment))
}

/** @throws INVALID_ARGUMENT where more views are asked for than there are */
export function checkViews({ augment, views }: Pick<Recipe, 'augment' | 'views'>): void {
  const there = mostViews(augment)
  if (views === 'auto' || views <= there) return
  throw new TacoError(
    'INVALID_ARGUMENT',
    `views: with augment '${augment}' an image has ${there === 1 ? 'one view' : `${there} views`}; take crop or flip-crop for ${views}`,
  )
}
