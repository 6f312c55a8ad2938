import { Command } from 'commander'
import { classifyImages } from '@tacojs/orchestrator'
import { modelText } from '../model-argument.js'
import { exifOption, positive, wholeNumber } from '../options.js'
import { print, say, warn } from '../print.js'
import { progressPrinter } from '../progress.js'

/** @param end called with 2 where some images could not be read */
export const classifyCommand = (signal: AbortSignal, end: (status: number) => void): Command =>
  new Command('classify')
    .description('the most likely classes of single images')
    .argument('<image...>', 'image files')
    .requiredOption('--model <path>', modelText)
    .option('--labels <file>', "the model's labels, JSON")
    .option('--top <k>', 'classes to show per image', wholeNumber, 3)
    .addOption(exifOption().default('apply'))
    .option('--backend <name>', 'what computes: wasm, tfjs-wasm or tfjs-cpu', 'wasm')
    .option('--threads <n>', 'threads that the backend may use', positive)
    .option('--json', 'print the result as one JSON array on stdout')
    .option('--quiet', 'no progress on stderr')
    .action(async (images: string[], flags) => {
      const { json, quiet, ...request } = flags
      const onProgress = quiet ? undefined : progressPrinter()
      const results = await classifyImages(images, request, { signal, onProgress, onWarning: warn })
      if (json) print(JSON.stringify(results))
      for (const { file, top, error } of results) {
        if (error !== undefined) {
          say(`taco: ${error}`)
          end(2)
        } else if (!json) {
          const classes = top.map(({ name, probability }) => `${name} ${(probability * 100).toFixed(1)} %`)
          print(`${file}: ${classes.join(', ')}`)
        }
      }
    })
