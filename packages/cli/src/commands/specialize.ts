import { Command, Option } from 'commander'
import {
  defaultMethod,
  loadRecipe,
  methodNames,
  specialize,
  type SpecializeOptions,
  type SpecializeResult,
} from '@tacojs/orchestrator'
import {
  collect,
  exifOption,
  number,
  numberOrAuto,
  onOffAuto,
  positive,
  positiveOrAuto,
  wholeNumber,
} from '../options.js'
import { progressPrinter } from '../progress.js'
import { layerOverride, withLayers, type LayerOverrides } from '../layer-option.js'
import { resultTable } from '../result-table.js'

/** @param onMissed called where there is a result, but not what was asked for */
export const specializeCommand = (signal: AbortSignal, onMissed: () => void): Command =>
  new Command('specialize')
    .description('prune a model for the classes of an image folder and write the specialist bundle')
    .option(
      '--recipe <file>',
      'YAML or JSON recipe; options given here override it; its paths are taken from the working directory',
    )
    .option('--model <path>', 'ONNX file, timm model, folder or hf-hub:owner/name of either, or bundle')
    .option('--data <dir>', 'images of the task: <dir>/<class>/*')
    .option('--out <dir>', 'folder of the bundle to write; replaced if it is a bundle already')
    .option('--fresh', 'forget what an interrupted run to the same --out has left, instead of going on with it')
    .option('--eval <dir>', 'labelled images to measure accuracy on: <dir>/<class>/*')
    .option('--control <dir>', 'task-agnostic images: also prune with as many of these, to compare')
    .option('--labels <file>', "the model's labels, JSON")
    .option('--shots <n>', 'calibration images per class (16)', wholeNumber)
    .option('--seed <n>', 'seed of the sampling (0)', wholeNumber)
    .addOption(
      new Option('--augment <views>', 'what the statistics see of each image beside itself (flip-crop)').choices([
        'none',
        'flip',
        'crop',
        'flip-crop',
      ]),
    )
    .option(
      '--views <n>',
      'how often they see each image, itself included, or auto: so often that there are 320 (auto)',
      positiveOrAuto,
    )
    .option(
      '--sparsity <share>',
      'zeros over the pruned layers, or units that go from each group, 0 to 1 (0.5)',
      number,
    )
    .addOption(
      new Option(
        '--allocation <how>',
        'how layers share the zeros: all alike, more for the later ones, or by what each costs (auto)',
      ).choices(['auto', 'uniform', 'progression', 'marginal', 'dp']),
    )
    .addOption(
      new Option('--budget <unit>', 'what the sparsity is a share of (parameters)').choices(['parameters', 'macs']),
    )
    .option('--max-bytes <n>', 'instead of a sparsity: the most bytes that the compact weights may take', positive)
    .option('--speed-up <factor>', 'instead of a sparsity: how many times faster one image is to be', number)
    .option('--max-ms <ms>', 'instead of a sparsity: the most milliseconds that one image may take here', number)
    .option(
      '--max-drop <points>',
      'instead of a sparsity: the most points of top-1 that may be lost on the dev images; several are tried',
      number,
    )
    .option('--dev <dir>', 'dev images for --max-drop: <dir>/<class>/* (those of --data that are no shots)')
    .option(
      '--pattern <pattern>',
      'unstructured, N:M such as 2:4, blocks such as 4x1, or structured: whole channels and heads (unstructured)',
    )
    .option('--method <name>', `${methodNames.join(', ')} (${defaultMethod}; structured: group OBS, or magnitude)`)
    .option('--target <stream>', 'what layers aim at: auto, dense, sparse or residual (auto)')
    .option(
      '--position-weights <when>',
      'whether positions count as the logits depend on them: auto, on or off (auto)',
      onOffAuto,
    )
    .option(
      '--positions <share>',
      'share of tokens or pixels that the statistics look at, or auto: half, and of pixels no more than say something new (auto)',
      numberOrAuto,
    )
    .option(
      '--warm-start <when>',
      'whether zeros of the model stay, and count: auto (of a bundle), on or off (auto)',
      onOffAuto,
    )
    .option('--refit', 'fit the remaining weights exactly after the method (unless the recipe says no)')
    .option('--no-refit', 'leave out the exact refit after the method')
    .option('--damp <share>', 'damping as a share of the mean of diag H (0.05)', number)
    .option('--keep <layer>', 'leave this layer dense; * matches any text; may be repeated', collect)
    .option(
      '--layer <name=value>',
      "a layer's own sparsity, pattern, method, or dense: 'blocks.0.*=0.5'; may be repeated, later ones win",
      layerOverride,
    )
    .addOption(
      new Option('--weights <precision>', "what the specialist's weights are rounded to (fp32)").choices([
        'fp32',
        'fp16',
        'int8',
      ]),
    )
    .addOption(exifOption())
    .option('--skip-corrupt', 'skip images that cannot be decoded, and count them')
    .option('--backend <name>', 'what computes: wasm, tfjs-wasm or tfjs-cpu (wasm)')
    .option('--threads <n>', 'threads that the backend may use', positive)
    .option('--batch-size <n>', 'images per batch (8)', wholeNumber)
    .option('--json', 'print the result as one JSON object on stdout')
    .option('--quiet', 'no progress on stderr')
    .action(async (flags: Flags) => {
      const {
        recipe: file,
        json,
        quiet,
        skipCorrupt,
        refit,
        out,
        fresh,
        eval: evalDir,
        control,
        threads,
        layer,
        ...rest
      } = flags
      const base = file ? await loadRecipe(file) : {}
      const input = {
        ...base,
        ...rest,
        ...(layer ? { layers: withLayers(base['layers'], layer) } : {}),
        ...(refit === undefined ? {} : { refit }),
        ...(skipCorrupt ? { onCorrupt: 'skip' } : {}),
      }
      const options: SpecializeOptions = {
        out,
        fresh,
        eval: evalDir,
        control,
        threads,
        signal,
        onProgress: quiet ? undefined : progressPrinter(),
        onWarning: (text) => process.stderr.write(`warning: ${text}\n`),
      }
      const result = await specialize(input, options)
      process.stdout.write(json ? `${JSON.stringify(result)}\n` : `${resultTable(result)}\n`)
      if (missed(result)) onMissed()
    })

/** Whether it is less than what was asked for. */
function missed({ search, speed, recipe, specialist }: SpecializeResult): boolean {
  const tooLarge = recipe.maxBytes !== undefined && specialist.bytes > recipe.maxBytes
  return tooLarge || search?.reached === false || speed?.reached === false
}

interface Flags {
  readonly recipe?: string
  readonly out?: string
  readonly eval?: string
  readonly control?: string
  readonly threads?: number
  readonly json?: boolean
  readonly quiet?: boolean
  readonly skipCorrupt?: boolean
  readonly refit?: boolean
  readonly fresh?: boolean
  readonly layer?: LayerOverrides
  /** The rest are the recipe's own fields. */
  readonly [field: string]: unknown
}
