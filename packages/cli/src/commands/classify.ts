import { Command } from 'commander'
import { classifyImages } from '@tacojs/orchestrator'
import { exifOption, positive, wholeNumber } from '../options.js'

export const classifyCommand = (signal: AbortSignal): Command =>
  new Command('classify')
    .description('the most likely classes of single images')
    .argument('<image...>', 'image files')
    .requiredOption('--model <path>', 'ONNX file, timm model, folder or hf-hub:owner/name of either, or bundle')
    .option('--labels <file>', "the model's labels, JSON")
    .option('--top <k>', 'classes to show per image', wholeNumber, 3)
    .addOption(exifOption().default('apply'))
    .option('--backend <name>', 'what computes: wasm, tfjs-wasm or tfjs-cpu', 'wasm')
    .option('--threads <n>', 'threads that the backend may use', positive)
    .option('--json', 'print the result as one JSON array on stdout')
    .action(async (images: string[], flags) => {
      const results = await classifyImages(images, flags, {
        signal,
        onWarning: (text) => process.stderr.write(`warning: ${text}\n`),
      })
      if (flags.json) {
        process.stdout.write(`${JSON.stringify(results)}\n`)
        return
      }
      for (const { file, top } of results) {
        const classes = top.map(({ name, probability }) => `${name} ${(probability * 100).toFixed(1)} %`)
        process.stdout.write(`${file}: ${classes.join(', ')}\n`)
      }
    })
