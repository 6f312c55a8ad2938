import { Command } from 'commander'
import { inspectModel, type Inspection } from '@tacojs/orchestrator'
import { inspectText } from '../inspect-text.js'
import { chosenModel, withModel } from '../model-argument.js'
import { imageSize } from '../options.js'
import { print } from '../print.js'
import { progressPrinter } from '../progress.js'

export const inspectCommand = (signal: AbortSignal): Command =>
  withModel(new Command('inspect'))
    .description(
      'what a model is: shapes, MACs, parameters, what is prunable, preprocessing, metadata, what runs where',
    )
    .option('--layers', 'show each layer')
    .option('--image-size <CxHxW>', 'size of images, for a model that leaves it open: 3x224x224', imageSize)
    .option('--json', 'print everything as one JSON object on stdout')
    .option('--quiet', 'no progress on stderr')
    .action(async (argument: string | undefined, { model, layers, json, quiet, imageSize: size }) => {
      const options = {
        signal,
        onProgress: quiet ? undefined : progressPrinter(),
        ...(size ? { imageSize: size } : {}),
      }
      const info = checked(await inspectModel(chosenModel(argument, model), options), size)
      print(json ? JSON.stringify(info) : inspectText(info, { layers }))
    })

/** With a warning where the model's own size is another one than what was given. */
function checked(info: Inspection, size: readonly number[] | undefined): Inspection {
  const shape = info.inputs[0]?.shape ?? []
  const own = shape.slice(1)
  const fits = own.length === 3 && own.every((dim, i) => typeof dim === 'string' || dim === size?.[i])
  if (size === undefined || fits) return info
  const text = `--image-size ${size.join('x')} goes unheeded where the model's input [${shape.join(', ')}] says something else`
  return { ...info, warnings: [...info.warnings, text] }
}
