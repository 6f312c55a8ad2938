import { Command } from 'commander'
import { runTensors } from '@tacojs/orchestrator'
import { positive } from '../options.js'

export const runCommand = (signal: AbortSignal): Command =>
  new Command('run')
    .description("raw tensors through a model, by the graph's input and output names")
    .requiredOption('--model <path>', 'ONNX file, timm model, folder or hf-hub:owner/name of either, or bundle')
    .requiredOption('--input <file>', 'safetensors file with the inputs')
    .requiredOption('--output <file>', 'safetensors file to write the outputs to')
    .option('--backend <name>', 'what computes: wasm, tfjs-wasm or tfjs-cpu', 'wasm')
    .option('--threads <n>', 'threads that the backend may use', positive)
    .option('--json', 'print names, types and shapes of the outputs as JSON on stdout')
    .action(async (flags) => {
      const outputs = await runTensors(flags, { signal })
      if (flags.json) process.stdout.write(`${JSON.stringify(outputs)}\n`)
      else
        for (const { name, dtype, shape } of outputs) process.stdout.write(`${name}: ${dtype} [${shape.join(', ')}]\n`)
    })
