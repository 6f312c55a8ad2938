import { batches, type ImageItem, type Preprocess } from '@tacojs/calibration'
import { evaluate, type Evaluation } from '@tacojs/evaluation'
import type { Graph, Tensor } from '@tacojs/graph'
import { measureLatency, type Backend, type Latency, type Program } from '@tacojs/runtime'
import type { ImageReading } from './images.js'
import type { OnStep, Stage, StageTimer } from './progress.js'
import { fewerThreads } from './threads.js'

export interface Measuring {
  readonly backend: Backend
  readonly threads: number | undefined
  readonly evalItems: readonly ImageItem[] | undefined
  readonly preprocess: Preprocess
  readonly reading: ImageReading
  /** A batch whose first image serves for the latency. */
  readonly example: Tensor
  readonly timer: StageTimer
  readonly progress: (stage: Stage) => OnStep
  readonly warn: (text: string) => void
}

/** Accuracy of several graphs on the same images, read once, and their batch-1 latencies, measured in turn. */
export async function measureTogether(
  graphs: readonly Graph[],
  m: Measuring,
): Promise<{ evaluations: (Evaluation | undefined)[]; latencies: Latency[] }> {
  const programs: Program[] = []
  try {
    for (const graph of graphs) programs.push(await m.backend.compile(graph, { threads: m.threads }))
    const fewer = programs[0] && fewerThreads(programs[0])
    if (fewer) m.warn(fewer)
    let evaluations: (Evaluation | undefined)[] = graphs.map(() => undefined)
    if (m.evalItems) {
      const items = m.evalItems
      const stream = batches(items, m.preprocess, m.reading)
      const classifiers = graphs.map((graph, i) => ({ graph, program: programs[i]! }))
      const onProgress = (done: number): void => m.progress('evaluate')(done, items.length)
      onProgress(0)
      evaluations = await m.timer.time('evaluate', () =>
        evaluate(classifiers, stream, { signal: m.reading.signal, onProgress }),
      )
      for (const { file, reason } of stream.skipped) m.warn(`skipped ${file}: ${reason}`)
      onProgress(items.length)
    }
    m.progress('latency')(0, 1)
    const latencies = await m.timer.time('latency', () =>
      measureLatency(
        programs,
        { [graphs[0]!.inputs[0]!.name]: firstImage(m.example) },
        { runs: 5, signal: m.reading.signal },
      ),
    )
    m.progress('latency')(1, 1)
    return { evaluations, latencies }
  } finally {
    for (const program of programs) program.dispose()
  }
}

const firstImage = (batch: Tensor): Tensor => {
  const [, ...image] = batch.shape
  const size = image.reduce((a, b) => a * b, 1)
  return { dtype: 'float32', shape: [1, ...image], data: (batch.data as Float32Array).slice(0, size) }
}
