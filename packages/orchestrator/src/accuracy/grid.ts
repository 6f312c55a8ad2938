import { isStructured } from '../consistent.js'
import type { Recipe } from '../recipe.js'

/**
 * Sparsities that are tried for an accuracy, rising: steps of a few points, finer where little is left. Fifteen of them,
 * so that four attempts tell them apart.
 */
const ofWeights: readonly number[] = [
  0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.875, 0.9, 0.925, 0.95, 0.965, 0.98,
]

/** The same for shares of units, which cost more. */
const ofUnits: readonly number[] = [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.8]

/** 0.875 → '87.5 %'. */
export const percent = (share: number): string => `${Number((100 * share).toFixed(1))} %`

/** @param least zeros that are there already and stay: fewer are no choice, what is there is the first */
export const sparsityGrid = (recipe: Pick<Recipe, 'pattern'>, least = 0): readonly number[] =>
  isStructured(recipe)
    ? ofUnits
    : ofWeights.filter((_, i) => (ofWeights[i + 1] ?? 1) > least || i === ofWeights.length - 1)

/** How many of so many values are tried at most. */
export const attemptsFor = (values: number): number => Math.ceil(Math.log2(values + 1))

/**
 * Where the last good value of a rising list stands, if all below a good one are good: by bisection. −1 where the first
 * is bad. What it answers was tried.
 */
export async function lastGood(
  values: readonly number[],
  isGood: (value: number, attempt: number) => Promise<boolean>,
): Promise<number> {
  let [good, bad] = [-1, values.length]
  for (let attempt = 0; bad - good > 1; attempt++) {
    const middle = (good + bad) >> 1
    if (await isGood(values[middle]!, attempt)) good = middle
    else bad = middle
  }
  return good
}
