import { Command, Option } from 'commander'
import { exportModel, onnxWeights } from '@tacojs/orchestrator'
import { formatBytes } from '../format.js'
import { wholeNumber } from '../options.js'

export const exportCommand = (signal: AbortSignal): Command =>
  new Command('export')
    .description('a model or bundle as an ONNX file that other runtimes take')
    .argument('<model>', 'ONNX file, timm model, folder or hf-hub:owner/name of either, or bundle')
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
    .action(async (model: string, flags) => {
      const { json, ...request } = flags
      const result = await exportModel({ model, ...request }, { signal })
      for (const text of result.warnings) process.stderr.write(`warning: ${text}\n`)
      if (json) {
        process.stdout.write(`${JSON.stringify(result)}\n`)
        return
      }
      const files = result.files.map(({ name, bytes }) => `${name} (${formatBytes(bytes)})`).join(' and ')
      const lines = [
        `written: ${result.out}, weights ${result.weights}: ${files}`,
        ...result.kept.map(({ name, why }) => `${name} stays fp32: ${why}`),
      ]
      process.stdout.write(`${lines.join('\n')}\n`)
    })
