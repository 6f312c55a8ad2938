import { Command } from 'commander'
import { evaluateModel } from '@tacojs/orchestrator'
import { formatPercent } from '../format.js'
import { chosenModel, withModel } from '../model-argument.js'
import { exifOption, positive, wholeNumber } from '../options.js'
import { print, warn } from '../print.js'
import { progressPrinter } from '../progress.js'

export const evaluateCommand = (signal: AbortSignal): Command =>
  withModel(new Command('evaluate'))
    .description('accuracy of a model or bundle on a folder of labelled images')
    .requiredOption('--data <dir>', 'labelled images: <dir>/<class>/*')
    .option('--labels <file>', "the model's labels, JSON")
    .option('--all-classes', "let every class of the model compete, not only the folder's")
    .addOption(exifOption().default('apply'))
    .option('--skip-corrupt', 'skip images that cannot be decoded, and count them')
    .option('--backend <name>', 'what computes: wasm, tfjs-wasm or tfjs-cpu', 'wasm')
    .option('--threads <n>', 'threads that the backend may use', positive)
    .option('--batch-size <n>', 'images per batch', wholeNumber, 8)
    .option('--json', 'print the result as one JSON object on stdout')
    .option('--quiet', 'no progress on stderr')
    .action(async (argument: string | undefined, flags) => {
      const model = chosenModel(argument, flags.model)
      const result = await evaluateModel(
        { ...flags, model, onCorrupt: flags.skipCorrupt ? 'skip' : 'error' },
        { signal, onProgress: flags.quiet ? undefined : progressPrinter(), onWarning: warn },
      )
      const among = flags.allClasses ? "all of the model's classes" : `${result.classes.length} classes`
      print(
        flags.json
          ? JSON.stringify(result)
          : `${result.correct} of ${result.images} images correct: ${formatPercent(result.top1)} top-1 among ${among}`,
      )
    })
