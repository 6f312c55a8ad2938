import { Command } from 'commander'
import { runTensors } from '@tacojs/orchestrator'
import { modelText } from '../model-argument.js'
import { positive } from '../options.js'
import { print } from '../print.js'
import { progressPrinter } from '../progress.js'

export const runCommand = (signal: AbortSignal): Command =>
  new Command('run')
    .description("raw tensors through a model, by the graph's input and output names")
    .requiredOption('--model <path>', modelText)
    .requiredOption('--input <file>', 'safetensors file with the inputs')
    .requiredOption('--output <file>', 'safetensors file to write the outputs to')
    .option('--force', 'replace a file that is there')
    .option('--backend <name>', 'what computes: wasm, tfjs-wasm or tfjs-cpu', 'wasm')
    .option('--threads <n>', 'threads that the backend may use', positive)
    .option('--json', 'print names, types and shapes of the outputs as one JSON array on stdout')
    .option('--quiet', 'no progress on stderr')
    .action(async ({ json, quiet, ...request }) => {
      const outputs = await runTensors(request, { signal, onProgress: quiet ? undefined : progressPrinter() })
      if (json) return print(JSON.stringify(outputs))
      for (const { name, dtype, shape } of outputs) print(`${name}: ${dtype} [${shape.join(', ')}]`)
    })
