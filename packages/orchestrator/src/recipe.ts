import { TacoError } from '@tacojs/errors'
import * as v from 'valibot'
import { defaultBackend } from './backends.js'

const finite = v.pipe(v.number(), v.finite())
const count = (least: number) => v.pipe(v.number(), v.integer(), v.minValue(least))

/** Everything that decides the weights of the specialist. */
const recipeSchema = v.strictObject({
  /** ONNX file, timm folder with a model.onnx, or bundle. */
  model: v.string(),
  /** Folder of the task: `<data>/<class>/*`; the classes are the task. */
  data: v.string(),
  /** Label file of the model; needed where class folders are not indices and the model carries no labels. */
  labels: v.optional(v.string()),
  /** Calibration images per class. */
  shots: v.optional(count(1), 16),
  seed: v.optional(count(0), 0),
  /** Share of zeros over the pruned layers, 0 to 1. */
  sparsity: v.optional(v.pipe(finite, v.minValue(0), v.maxValue(1)), 0.5),
  /** `unstructured`, or N:M such as `2:4` (N kept of M). */
  pattern: v.optional(v.string(), 'unstructured'),
  method: v.optional(v.picklist(['fastobc', 'magnitude']), 'fastobc'),
  /** Least-squares weights for the chosen mask after the method. */
  refit: v.optional(v.boolean(), true),
  /** What a layer aims at: the dense model's output, or its own dense weights on the pruned stream's input. */
  target: v.optional(v.picklist(['dense', 'sparse']), 'dense'),
  /** Damping λ as a share of the mean diagonal of the layer's Hessian. */
  damp: v.optional(v.pipe(finite, v.minValue(0)), 0.01),
  /** Layers to leave dense, by name; `*` matches anything. */
  keep: v.optional(v.array(v.string()), []),
  /** Honour EXIF orientation; `ignore` is what timm does. */
  exif: v.optional(v.picklist(['apply', 'ignore']), 'apply'),
  /** What to do with an image that cannot be decoded. */
  onCorrupt: v.optional(v.picklist(['error', 'skip']), 'error'),
  backend: v.optional(v.string(), defaultBackend),
  batchSize: v.optional(count(1), 8),
})

/** A recipe as a user writes it: what is left out has a default. */
export type RecipeInput = v.InferInput<typeof recipeSchema>
export type Recipe = v.InferOutput<typeof recipeSchema>

/** Validates and fills in defaults. Throws INVALID_ARGUMENT naming the first field that is wrong and its range. */
export function parseRecipe(input: unknown): Recipe {
  const result = v.safeParse(recipeSchema, input)
  if (result.success) return result.output
  const issue = result.issues[0]
  const field = v.getDotPath(issue) ?? 'recipe'
  if (issue.received === 'undefined' || issue.input === undefined) {
    throw new TacoError('INVALID_ARGUMENT', `${field}: is required, as an option or in the recipe`)
  }
  if (issue.expected === 'never') throw new TacoError('INVALID_ARGUMENT', `${field}: a recipe has no such field`)
  throw new TacoError(
    'INVALID_ARGUMENT',
    `${field}: expected ${rangeOf(field) ?? issue.expected ?? 'a valid value'}, got ${issue.received}`,
  )
}

const rangeOf = (field: string): string | undefined =>
  ({
    sparsity: 'a number from 0 to 1',
    shots: 'a whole number, at least 1',
    seed: 'a whole number, at least 0',
    batchSize: 'a whole number, at least 1',
    damp: 'a number, at least 0',
  })[field]
