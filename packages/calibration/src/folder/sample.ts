import { TacoError } from '@tacojs/errors'
import { seededRandom } from './random.js'
import type { ImageFolder, ImageItem } from './scan.js'

/** A class with fewer images than were asked for. */
export interface ShortClass {
  readonly class: string
  readonly have: number
  readonly want: number
}

export interface Sample {
  readonly items: readonly ImageItem[]
  readonly short: readonly ShortClass[]
}

/**
 * `shots` images of each class, all of a class that has fewer (listed in `short`). Same folder, shots and seed: same
 * images. A class's choice depends on its own name and images only, and a larger number of shots contains a smaller one.
 * Throws INVALID_ARGUMENT for shots or seed that are no whole numbers in range.
 */
export function samplePerClass(folder: ImageFolder, shots: number, seed: number): Sample {
  check('shots', shots, 1)
  check('seed', seed, 0)
  const items: ImageItem[] = []
  const short: ShortClass[] = []
  const byClass = folder.classes.map((): ImageItem[] => [])
  for (const item of folder.items) byClass[item.label]?.push(item)
  for (const [label, name] of folder.classes.entries()) {
    const all = byClass[label]!
    if (all.length < shots) short.push({ class: name, have: all.length, want: shots })
    items.push(...choose(all, shots, seed, name))
  }
  return { items, short }
}

/** `count` images of a folder whatever their class, or all where there are fewer; in the folder's order. */
export function sampleFlat(folder: ImageFolder, count: number, seed: number): readonly ImageItem[] {
  check('count', count, 1)
  check('seed', seed, 0)
  return choose(folder.items, count, seed, '')
}

/** Without replacement (the first steps of a Fisher–Yates shuffle), given back in the order of `all`. */
function choose<T>(all: readonly T[], count: number, seed: number, key: string): T[] {
  if (count >= all.length) return [...all]
  const random = seededRandom(seed, key)
  const order = [...all.keys()]
  for (let i = 0; i < count; i++) {
    const j = i + random(order.length - i)
    const taken = order[j]
    order[j] = order[i]
    order[i] = taken
  }
  return order
    .slice(0, count)
    .sort((a, b) => a - b)
    .map((i) => all[i])
}

function check(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return
  throw new TacoError('INVALID_ARGUMENT', `${name} is ${value}, a whole number of at least ${least} is needed`)
}
