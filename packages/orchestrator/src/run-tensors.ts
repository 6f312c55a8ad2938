import { readSafetensors, writeSafetensors } from '@tacojs/model-io'
import { throwIfAborted } from '@tacojs/errors'
import { openBackend } from './backends.js'
import { loadGraph } from './model.js'
import type { RunOptions } from './progress.js'

export interface RunRequest {
  readonly model: string
  /** safetensors file; tensors by the names of the graph's inputs, others are ignored. */
  readonly input: string
  readonly output: string
  readonly backend?: string
  readonly threads?: number
}

/** Runs a model once on raw tensors and writes its outputs by the graph's names; says what was written. */
export async function runTensors(
  request: RunRequest,
  options: RunOptions = {},
): Promise<{ name: string; dtype: string; shape: readonly number[] }[]> {
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
