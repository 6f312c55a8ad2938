import { Command } from 'commander'
import { inspectModel } from '@tacojs/orchestrator'
import { inspectText } from '../inspect-text.js'
import { imageSize } from '../options.js'

export const inspectCommand = (signal: AbortSignal): Command =>
  new Command('inspect')
    .description(
      'what a model is: shapes, MACs, parameters, what is prunable, preprocessing, metadata, what runs where',
    )
    .requiredOption('--model <path>', 'ONNX file, timm model, folder or hf-hub:owner/name of either, or bundle')
    .option('--layers', 'show each layer')
    .option('--image-size <CxHxW>', 'size of images, for a model that leaves it open: 3x224x224', imageSize)
    .option('--json', 'print everything as one JSON object on stdout')
    .action(async ({ model, layers, json, imageSize: size }) => {
      const info = await inspectModel(model, { signal, ...(size ? { imageSize: size } : {}) })
      process.stdout.write(json ? `${JSON.stringify(info)}\n` : `${inspectText(info, { layers })}\n`)
    })
