import { stat } from 'node:fs/promises'
import { TacoError, throwIfAborted } from '@tacojs/errors'
import { readSafetensors, writeSafetensors } from '@tacojs/model-io'
import { openBackend } from './backends.js'
import { checkTarget } from './export-model.js'
import { loadGraph, modelFile } from './model.js'
import type { RunOptions } from './progress.js'

export interface RunRequest {
  readonly model: string
  /** safetensors file; tensors by the names of the graph's inputs, others are ignored. */
  readonly input: string
  /** safetensors file to write. */
  readonly output: string
  /** Replace a file that is there; never the model or the input. */
  readonly force?: boolean
  readonly backend?: string
  readonly threads?: number
}

/**
 * Runs a model once on raw tensors and writes its outputs by the graph's names; says what was written.
 *
 * @throws INVALID_ARGUMENT where something is at `output` already, its folder is missing, or it is the model, the input or
 * a file of a bundle; what reading the model and the input and running them throws; IO
 */
export async function runTensors(
  request: RunRequest,
  options: RunOptions = {},
): Promise<{ name: string; dtype: string; shape: readonly number[] }[]> {
  await checkOutput(request)
  const backend = openBackend(request.backend)
  const graph = await loadGraph(request.model, options)
  const { tensors } = await readSafetensors(request.input)
  const inputs = Object.fromEntries(
    graph.inputs.flatMap(({ name }) => (tensors.has(name) ? [[name, tensors.get(name)!]] : [])),
  )
  const program = await backend.compile(graph, { threads: request.threads })
  try {
    throwIfAborted(options.signal)
    const outputs = await program.run(inputs)
    throwIfAborted(options.signal)
    await writeSafetensors(request.output, new Map(Object.entries(outputs)))
    return Object.entries(outputs).map(([name, { dtype, shape }]) => ({ name, dtype, shape }))
  } finally {
    program.dispose()
  }
}

async function checkOutput({ model, input, output, force = false }: RunRequest): Promise<void> {
  // neither has a model of the hub a file here, nor a bundle one of its own
  const weights = await modelFile(model).catch(() => undefined)
  for (const [what, path] of Object.entries({ model: weights, input })) {
    if (path === undefined || !(await areSame(path, output))) continue
    throw new TacoError('INVALID_ARGUMENT', `'${output}' is the ${what}, and would be lost; give another name`)
  }
  await checkTarget(output, force)
}

/** Whether both names lead to one file. */
async function areSame(a: string, b: string): Promise<boolean> {
  const [one, other] = await Promise.all([a, b].map((path) => stat(path, { bigint: true }).catch(() => undefined)))
  return one?.isFile() === true && one.dev === other?.dev && one.ino === other.ino
}
