import { checkpoint, TacoError, throwIfAborted } from '@tacojs/errors'
import { float32, sizeOf, type Tensor } from '@tacojs/graph'
import { median, type Program } from '@tacojs/runtime'
import { openBackend } from './backends.js'
import { loadModel, type Model } from './model.js'
import type { RunOptions } from './progress.js'

export interface BenchRequest {
  /** ONNX file, folder with model.onnx, or bundle. */
  readonly model: string
  readonly backend?: string
  /** Threads that the backend may use (1). */
  readonly threads?: number
  /** Images per run (1). */
  readonly batch?: number
  /** Timed runs (20), after the warm-up. */
  readonly runs?: number
}

export interface BenchResult {
  readonly model: string
  readonly backend: string
  readonly threads: number
  readonly batch: number
  readonly runs: number
  readonly medianMs: number
  readonly minMs: number
  /** From the loaded graph to the first output: compiling, packing the weights and one run. */
  readonly firstRunMs: number
  /** At the median. */
  readonly imagesPerSecond: number
}

/**
 * Times a model on a backend with one fixed random batch, in milliseconds; outputs are read back in every run.
 *
 * @throws NOT_FOUND, INVALID_MODEL, UNSUPPORTED as `loadModel` does, or for a model of several inputs; INVALID_ARGUMENT
 * for counts that are no positive whole numbers, for a batch other than the one that the model is fixed to, and for one of
 * over 1 GiB; ABORTED
 */
export async function benchModel(request: BenchRequest, options: RunOptions = {}): Promise<BenchResult> {
  const { threads = 1, batch = 1, runs = 20 } = request
  checkCounts({ threads, batch, runs })
  const backend = openBackend(request.backend)
  options.onProgress?.({ stage: 'load', done: 0, total: 1 })
  const model = await loadModel(request.model, options)
  const inputs = randomInputs(model, batch)
  options.onProgress?.({ stage: 'load', done: 1, total: 1 })
  throwIfAborted(options.signal)
  options.onProgress?.({ stage: 'latency', done: 0, total: runs })
  const start = performance.now()
  const program = await backend.compile(model.graph, { threads })
  try {
    await program.run(inputs)
    const firstRunMs = performance.now() - start
    await warmUp(program, inputs, options)
    const times: number[] = []
    while (times.length < runs) {
      await checkpoint(options.signal)
      times.push(await timeOf(program, inputs))
      options.onProgress?.({ stage: 'latency', done: times.length, total: runs })
    }
    const medianMs = median(times)
    return {
      model: model.name,
      backend: backend.name,
      threads,
      batch,
      runs,
      medianMs,
      minMs: times.reduce((least, time) => Math.min(least, time)),
      firstRunMs,
      imagesPerSecond: (1000 * batch) / medianMs,
    }
  } finally {
    program.dispose()
  }
}

/** Of the images of a batch. */
const MOST_BYTES = 2 ** 30

type Inputs = Readonly<Record<string, Tensor>>

async function timeOf(program: Program, inputs: Inputs): Promise<number> {
  const start = performance.now()
  await program.run(inputs)
  return performance.now() - start
}

/** At least three runs and a quarter of a second: an engine's first code for wasm is several times slower than its last. */
async function warmUp(program: Program, inputs: Inputs, { signal }: RunOptions): Promise<void> {
  const start = performance.now()
  for (let run = 0; run < 3 || performance.now() - start < 250; run++) {
    await checkpoint(signal)
    await program.run(inputs)
  }
}

function checkCounts(counts: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(counts)) {
    if (!Number.isInteger(value) || value < 1) {
      throw new TacoError('INVALID_ARGUMENT', `${name} is ${value}; give a whole number of 1 or more`)
    }
  }
}

/** Values in [-1, 1) of the model's own size, or of its preprocessing where height and width are free. */
function randomInputs({ graph, preprocess, path }: Model, batch: number): Inputs {
  const [input, another] = graph.inputs
  if (!input || another || input.dtype !== 'float32' || input.shape.length !== 4) {
    const given = graph.inputs.map((i) => `${i.name} ${i.dtype} [${i.shape.join(', ')}]`).join(', ') || 'none'
    throw new TacoError('UNSUPPORTED', `'${path}' takes ${given}; only models of one float32 [N, C, H, W] can be timed`)
  }
  const wanted = [batch, ...preprocess.inputSize]
  const shape = input.shape.map((dim, i) => (typeof dim === 'number' ? dim : wanted[i]!))
  if (shape[0] !== batch) {
    throw new TacoError('INVALID_ARGUMENT', `'${path}' is fixed to batches of ${shape[0]}; it cannot take ${batch}`)
  }
  const bytes = 4 * sizeOf(shape)
  if (bytes > MOST_BYTES) {
    const most = Math.floor((MOST_BYTES / bytes) * batch)
    throw new TacoError(
      'INVALID_ARGUMENT',
      `batch is ${batch}, whose images take more than 1 GiB; '${path}' can be timed with at most ${most}`,
    )
  }
  let state = 1
  const values = Float32Array.from({ length: sizeOf(shape) }, () => {
    // Lehmer's generator: 16807 · state mod (2^31 − 1) stays exact in a double (Park and Miller 1988)
    state = (16807 * state) % 2147483647
    return state / 1073741823.5 - 1
  })
  return { [input.name]: float32(shape, values) }
}
