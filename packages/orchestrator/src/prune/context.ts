import type { Linalg } from '@tacojs/linalg'
import type { Backend } from '@tacojs/runtime'
import type { OnStep, PrunePart } from '../progress.js'
import type { Recipe } from '../recipe.js'
import type { Records } from '../resume/record.js'

/** What pruning works with. */
export interface PruneContext {
  readonly backend: Backend
  readonly linalg: Linalg
  readonly recipe: Recipe
  readonly threads?: number
  readonly signal?: AbortSignal
  /** Keeps what is finished; what it has already is not solved again. */
  readonly records?: Records
  /** Measures a part; it only calls it unless given. */
  readonly time?: <T>(part: PrunePart, work: () => Promise<T> | T) => Promise<T>
  readonly onLayer?: OnStep
  /** Called when the backward pass for the task's weights has seen so many images. */
  readonly onWeighed?: (images: number) => void
  readonly onWarning?: (text: string) => void
}
