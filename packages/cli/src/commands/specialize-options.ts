import { Option, type Command } from 'commander'
import { defaultMethod, methodNames } from '@tacojs/orchestrator'
import { layerOverride } from '../layer-option.js'
import { modelText } from '../model-argument.js'
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

/** The options of `taco specialize`, in groups; those that are no fields of a recipe are said in its `Flags`. */
export const withSpecializeOptions = (command: Command): Command =>
  [model, images, zeros, pruning, outcome].reduce((given, group) => group(given), command)

const model = (command: Command): Command =>
  command
    .optionsGroup('Model and task:')
    .option('--model <path>', modelText)
    .option('--data <dir>', 'images of the task: <dir>/<class>/*')
    .option('--labels <file>', "the model's labels, JSON: a list of names, or names by index")
    .option(
      '--recipe <file>',
      'YAML or JSON recipe; options given here override it; its paths are taken from the working directory',
    )

const images = (command: Command): Command =>
  command
    .optionsGroup('Calibration images:')
    .option('--shots <n>', 'calibration images per class (16)', wholeNumber)
    .option('--seed <n>', 'seed of the sampling (0)', wholeNumber)
    .addOption(
      new Option('--augment <views>', 'other views of each image that are seen beside it (flip-crop)').choices([
        'none',
        'flip',
        'crop',
        'flip-crop',
      ]),
    )
    .option(
      '--views <n>',
      'how often each image is seen, itself included; auto: enough for 320 inputs, at most 8 times (auto)',
      positiveOrAuto,
    )
    .addOption(exifOption())
    .option('--skip-corrupt', 'skip images that cannot be decoded, and count them')

const zeros = (command: Command): Command =>
  command
    .optionsGroup('How many zeros:')
    .option(
      '--sparsity <share>',
      'zeros over the pruned layers, or units that go from each group, 0 to 1 (0.5)',
      number,
    )
    .option(
      '--max-drop <points>',
      'instead of a sparsity: the most points of top-1 that may be lost on the dev images; several are tried',
      number,
    )
    .option('--dev <dir>', 'dev images for --max-drop: <dir>/<class>/* (those of --data that are no shots)')
    .option('--max-bytes <n>', 'instead of a sparsity: the most bytes that the compact weights may take', positive)
    .option('--speed-up <factor>', 'instead of a sparsity: how many times faster one image is to be', number)
    .option('--max-ms <ms>', 'instead of a sparsity: the most milliseconds that one image may take here', number)
    .addOption(
      new Option('--budget <unit>', 'what the sparsity is a share of (parameters)').choices(['parameters', 'macs']),
    )
    .addOption(
      new Option(
        '--allocation <how>',
        'how layers share the zeros: all alike, more for the later ones, or by what each costs (auto)',
      ).choices(['auto', 'uniform', 'progression', 'marginal', 'dp']),
    )
    .option('--keep <layer>', 'leave this layer dense; * matches any text; may be repeated', collect)
    .option(
      '--layer <name=value>',
      "a layer's own sparsity, pattern, method, or dense: 'blocks.0.*=0.5'; may be repeated, later ones win",
      layerOverride,
    )
    .option(
      '--warm-start <when>',
      'keep the zeros that the model has and count them: on, off, or auto, for bundles only (auto)',
      onOffAuto,
    )

const pruning = (command: Command): Command =>
  command
    .optionsGroup('How to prune:')
    .option(
      '--pattern <pattern>',
      'unstructured, N:M such as 2:4, blocks such as 4x1, or structured: whole channels and heads (unstructured)',
    )
    .option('--method <name>', `${methodNames.join(', ')} (${defaultMethod}; structured: group OBS, or magnitude)`)
    .option('--target <stream>', 'what layers aim at: auto, dense, sparse or residual (auto)')
    .option(
      '--position-weights <when>',
      'whether tokens and pixels count by how much the logits depend on them: auto, on or off (auto)',
      onOffAuto,
    )
    .option(
      '--positions <share>',
      'share of the tokens or pixels used per image; auto: half where they are weighted, else all, and of a convolution at most 64 for each of its inputs (auto)',
      numberOrAuto,
    )
    .option('--refit', 'fit the remaining weights exactly after the method (unless the recipe says no)')
    .option('--no-refit', 'leave out the exact refit after the method')
    .option('--damp <share>', 'damping as a share of the mean of diag H (0.05)', number)
    .addOption(
      new Option('--weights <precision>', "what the specialist's weights are rounded to (fp32)").choices([
        'fp32',
        'fp16',
        'int8',
      ]),
    )

const outcome = (command: Command): Command =>
  command
    .optionsGroup('What comes out:')
    .option('--out <dir>', 'folder of the bundle to write; replaced if it is a bundle already')
    .option('--fresh', 'forget what an interrupted run to the same --out has left, instead of going on with it')
    .option('--eval <dir>', 'labelled images to measure accuracy on: <dir>/<class>/*')
    .option('--control <dir>', 'task-agnostic images: also prune with as many of these, to compare')
    .option('--json', 'print the result as one JSON object on stdout')
    .option('--quiet', 'no progress on stderr')
    .optionsGroup('Computing:')
    .option('--backend <name>', 'what computes: wasm, tfjs-wasm or tfjs-cpu (wasm)')
    .option('--threads <n>', 'threads that the backend may use', positive)
    .option('--batch-size <n>', 'images per batch (8)', wholeNumber)
