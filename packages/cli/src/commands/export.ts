import { Command, Option } from 'commander'
import { exportModel, onnxWeights } from '@tacojs/orchestrator'
import { formatBytes } from '../format.js'
import { chosenModel, withModel } from '../model-argument.js'
import { wholeNumber } from '../options.js'
import { print, warn } from '../print.js'
import { progressPrinter } from '../progress.js'

export const exportCommand = (signal: AbortSignal): Command =>
  withModel(new Command('export'))
    .description('a model or bundle as an ONNX file that other runtimes take')
    .requiredOption('--out <file>', 'the ONNX file to write')
    .addOption(
      new Option('--weights <how>', 'dense, sparse (coordinates of what is not zero), fp16, or int8 by output channel')
        .choices([...onnxWeights])
        .default('dense'),
    )
    .option(
      '--external-data <bytes>',
      'most bytes of weights in the file itself, the rest beside it (2 GiB)',
      wholeNumber,
    )
    .option('--force', 'replace a file that is there')
    .option('--json', 'print the result as one JSON object on stdout')
    .option('--quiet', 'no progress on stderr')
    .action(async (argument: string | undefined, flags) => {
      const { json, quiet, ...rest } = flags
      const request = { ...rest, model: chosenModel(argument, flags.model) }
      const result = await exportModel(request, { signal, onProgress: quiet ? undefined : progressPrinter() })
      result.warnings.forEach(warn)
      if (json) return print(JSON.stringify(result))
      const files = result.files.map(({ name, bytes }) => `${name} (${formatBytes(bytes)})`).join(' and ')
      const lines = [
        `written: ${result.out}, weights ${result.weights}: ${files}`,
        ...result.kept.map(({ name, why }) => `${name} stays fp32: ${why}`),
      ]
      print(lines.join('\n'))
    })
