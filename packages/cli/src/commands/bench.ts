import { Command } from 'commander'
import { benchModel } from '@tacojs/orchestrator'
import { formatTable } from '../format.js'
import { chosenModel, withModel } from '../model-argument.js'
import { positive } from '../options.js'
import { print } from '../print.js'
import { progressPrinter } from '../progress.js'

export const benchCommand = (signal: AbortSignal): Command =>
  withModel(new Command('bench'))
    .description('how fast a model or bundle runs here, on a random image')
    .option('--backend <name>', 'what computes: wasm, tfjs-wasm or tfjs-cpu', 'wasm')
    .option('--threads <n>', 'threads that the backend may use', positive, 1)
    .option('--batch <n>', 'images per run', positive, 1)
    .option('--runs <n>', 'timed runs, after the warm-up', positive, 20)
    .option('--json', 'print the result as one JSON object on stdout')
    .option('--quiet', 'no progress on stderr')
    .action(async (argument: string | undefined, flags) => {
      const { json, quiet, ...rest } = flags
      const request = { ...rest, model: chosenModel(argument, flags.model) }
      const result = await benchModel(request, { signal, onProgress: quiet ? undefined : progressPrinter() })
      if (json) return print(JSON.stringify(result))
      const { model, backend, threads, batch, runs, medianMs, minMs, firstRunMs, imagesPerSecond } = result
      const count = (n: number, thing: string): string => `${n} ${thing}${n === 1 ? '' : 's'}`
      const rows = [
        ['median', `${medianMs.toFixed(2)} ms`],
        ['minimum', `${minMs.toFixed(2)} ms`],
        ['compile and first run', `${firstRunMs.toFixed(1)} ms`],
        ['throughput', `${imagesPerSecond.toFixed(1)} images/s`],
      ]
      const setting = `${backend}, ${count(threads, 'thread')}, batch ${batch}, ${count(runs, 'run')}`
      print(formatTable([model, setting], rows))
    })
