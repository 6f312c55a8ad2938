import { augments } from '@tacojs/calibration'
import { TacoError } from '@tacojs/errors'
import { methods, type MethodName } from '@tacojs/solver'
import * as v from 'valibot'
import { defaultBackend } from './backends.js'
import { consistent } from './consistent.js'

const finite = v.pipe(v.number(), v.finite())
export const methodNames = Object.keys(methods) as MethodName[]

const share = v.pipe(finite, v.minValue(0), v.maxValue(1))
const method = v.picklist(methodNames)
const count = (least: number) => v.pipe(v.number(), v.integer(), v.minValue(least))

/** What may be said of some layers. */
const layerSchema = v.strictObject({
  sparsity: v.optional(share),
  pattern: v.optional(v.string()),
  method: v.optional(method),
  /** Leave them dense; with nothing else. */
  keep: v.optional(v.boolean()),
})

/** Everything that decides the weights of the specialist. */
const recipeSchema = v.strictObject({
  /** ONNX file, timm folder, `hf-hub:owner/name[@revision]`, or bundle. */
  model: v.string(),
  /** Folder of the task: `<data>/<class>/*`; the classes are the task. */
  data: v.string(),
  /** Label file of the model; needed where class folders are not indices and the model carries no labels. */
  labels: v.optional(v.string()),
  /** Calibration images per class. */
  shots: v.optional(count(1), 16),
  seed: v.optional(count(0), 0),
  /**
   * What the statistics see of each image beside itself: its mirror image (`flip`), parts of it at random (`crop`), or such
   * parts, every other one mirrored (`flip-crop`).
   */
  augment: v.optional(v.picklist(augments), 'flip-crop'),
  /**
   * How often they see each image, itself included; `auto`: so often that there are 320 inputs, at most 8 times and as far
   * as 1 GiB holds their activations.
   */
  views: v.optional(v.union([count(1), v.literal('auto')]), 'auto'),
  /**
   * Share of zeros over the pruned layers, 0 to 1; 0.5 unless given. Structured: share of the units that go from each
   * group. Not beside an N:M pattern, which decides alone, and not beside what looks for a sparsity itself.
   */
  sparsity: v.optional(share),
  /**
   * `unstructured`, N:M such as `2:4` (N kept of M), or blocks of outputs × inputs such as `4x1`. `structured`: whole
   * channels, hidden units and heads go, and the network gets smaller; not beside `warmStart`.
   */
  pattern: v.optional(v.string(), 'unstructured'),
  /** `admm` unless given; structured: group OBS unless given, or `magnitude`. */
  method: v.optional(method),
  /** Least-squares weights for the chosen mask after the method; true unless given, and always by group OBS. */
  refit: v.optional(v.boolean()),
  /**
   * What a layer aims at. `dense`: the dense model's output. `sparse`: its own dense weights on the pruned stream's
   * input. `residual`: where it writes to a residual stream, the sum that the dense model has there, else `dense`.
   * `auto`: `residual` where the stream goes on unchanged (transformers, ConvNeXt), `dense` where an activation follows
   * the sum (ResNets).
   */
  target: v.optional(v.picklist(['auto', 'dense', 'sparse', 'residual']), 'auto'),
  /**
   * Whether positions, and the outputs of a layer, count for as much as the task's logits depend on them; `auto`: where
   * all operators on the way to the logits have a gradient.
   */
  positionWeights: v.optional(v.union([v.boolean(), v.literal('auto')]), 'auto'),
  /**
   * Share of each image's positions (tokens, pixels) that the statistics look at. Where these have weights they are taken
   * by these, else evenly, a first token always. `auto`: half of them where they have weights, else all, and of a
   * convolution no more than 64 for each of its inputs (of 256 at least).
   */
  positions: v.optional(v.union([v.pipe(finite, v.gtValue(0), v.maxValue(1)), v.literal('auto')]), 'auto'),
  /**
   * Whether weights that are 0 in the model stay 0, and count among the zeros that are asked for; `auto`, as it is unless
   * given: where the model is a bundle, pruned once already.
   */
  warmStart: v.optional(v.union([v.boolean(), v.literal('auto')])),
  /**
   * Damping λ as a share of the mean diagonal of the layer's Hessian: towards the dense weights. The reference has 0.01; of few
   * images 0.05 leaves the logits nearer to the dense network's.
   */
  damp: v.optional(v.pipe(finite, v.minValue(0), v.maxValue(1e6)), 0.05),
  /** Layers to leave dense, by name; `*` matches anything. */
  keep: v.optional(v.array(v.string()), []),
  /**
   * Other settings for some layers, by name as in `keep`; of several that fit one layer, the later ones win, and a name that
   * is a whole number over all others.
   */
  layers: v.optional(v.record(v.string(), layerSchema), {}),
  /**
   * How the zeros are shared among the layers whose sparsity is not given by name. `uniform`: all have the same.
   * `progression`: the later a layer, the more, in equal steps. By what the logits lose when each layer alone is
   * pruned: `marginal` (equal loss for the last weight of each layer) or `dp` (the best choice among some sparsities
   * of each layer). `auto`: `progression`, where the pattern does not decide alone.
   */
  allocation: v.optional(v.picklist(['auto', 'uniform', 'progression', 'marginal', 'dp']), 'auto'),
  /** What `sparsity` is a share of: the weights of the pruned layers (unless given), or their multiply-accumulates. */
  budget: v.optional(v.picklist(['parameters', 'macs'])),
  /** Instead of a sparsity: the most bytes that the compact weights may take. */
  maxBytes: v.optional(count(1)),
  /** Instead of a sparsity: how many times faster than the dense model one image is to be, on the recipe's backend. */
  speedUp: v.optional(v.pipe(finite, v.gtValue(0))),
  /** Instead of a sparsity: the most milliseconds that one image may take, on the recipe's backend. */
  maxMs: v.optional(v.pipe(finite, v.gtValue(0))),
  /**
   * Instead of a sparsity: the most points of top-1 that the specialist may lose on the dev images against the dense
   * model; the highest sparsity of a grid that does is found by bisection, pruning each time.
   */
  maxDrop: v.optional(v.pipe(finite, v.minValue(0), v.maxValue(100))),
  /** What the specialist's weights are rounded to, in the bundle and before anything is measured of it. */
  weights: v.optional(v.picklist(['fp32', 'fp16', 'int8']), 'fp32'),
  /** Folder of the dev images, `<dev>/<class>/*`; images of `data` that are no shots unless given. */
  dev: v.optional(v.string()),
  /** Honour EXIF orientation; `ignore` is what timm does. */
  exif: v.optional(v.picklist(['apply', 'ignore']), 'apply'),
  /** What to do with an image that cannot be decoded. */
  onCorrupt: v.optional(v.picklist(['error', 'skip']), 'error'),
  backend: v.optional(v.string(), defaultBackend),
  batchSize: v.optional(count(1), 8),
})

/** Names of fields, and of those of an entry of `layers`. */
export const recipeFields: readonly string[] = Object.keys(recipeSchema.entries)
export const layerFields: readonly string[] = Object.keys(layerSchema.entries)

/** A recipe as a user writes it: what is left out has a default. */
export type RecipeInput = v.InferInput<typeof recipeSchema>
export type Recipe = v.InferOutput<typeof recipeSchema>

/** Validates and fills in defaults. Throws INVALID_ARGUMENT naming the first field that is wrong and its range. */
export function parseRecipe(input: unknown): Recipe {
  const result = v.safeParse(recipeSchema, input)
  if (result.success) return inOrder(consistent(result.output))
  const issue = result.issues[0]
  const field = v.getDotPath(issue) ?? 'recipe'
  if (issue.received === 'undefined' || issue.input === undefined) {
    throw new TacoError('INVALID_ARGUMENT', `${field}: is required, as an option or in the recipe`)
  }
  if (issue.expected === 'never') throw new TacoError('INVALID_ARGUMENT', `${field}: a recipe has no such field`)
  const keys = (issue.path ?? []).map(({ key }) => String(key))
  const layer = keys[0] === 'layers' && keys.length === 2
  const range = layer ? 'a map such as {sparsity: 0.5}' : rangeOf(keys[keys.length - 1] ?? '')
  throw new TacoError(
    'INVALID_ARGUMENT',
    `${field}: expected ${range ?? issue.expected ?? 'a valid value'}, got ${issue.received}`,
  )
}

/** The fields in the schema's order, whoever filled them in: a recipe is written into the bundle, whose bytes it decides. */
const inOrder = (recipe: Recipe): Recipe =>
  Object.fromEntries(
    Object.keys(recipeSchema.entries)
      .filter((field) => field in recipe)
      .map((field) => [field, recipe[field as keyof Recipe]]),
  ) as Recipe

const rangeOf = (field: string): string | undefined =>
  ({
    sparsity: 'a number from 0 to 1',
    shots: 'a whole number, at least 1',
    seed: 'a whole number, at least 0',
    views: "a whole number, at least 1, or 'auto'",
    batchSize: 'a whole number, at least 1',
    maxBytes: 'a whole number, at least 1',
    speedUp: 'a number above 0',
    maxMs: 'a number above 0',
    maxDrop: 'a number from 0 to 100',
    damp: 'a number from 0 to 1000000',
    positions: "a number above 0, at most 1, or 'auto'",
  })[field]
