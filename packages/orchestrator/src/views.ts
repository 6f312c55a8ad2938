import { mostViews } from '@tacojs/calibration'
import { TacoError } from '@tacojs/errors'
import type { Recipe } from './recipe.js'

/** Inputs that the statistics are to see, unless the recipe says how often each image is seen. */
const wanted = 320
/** Further views of the same image tell little more, and cost as much as another image. */
const most = 8

/** How often each of so many images is seen, itself included. */
export function viewsOf({ augment, views }: Pick<Recipe, 'augment' | 'views'>, images: number): number {
  const asked = views === 'auto' ? Math.min(most, Math.max(1, Math.ceil(wanted / images))) : views
  return Math.min(asked, mostViews(augment))
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
