import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createGraph, int64, node, type Dim } from '@tacojs/graph'
import { exportOnnx } from '@tacojs/model-io'
import { registerBackend, type Backend } from '@tacojs/runtime'
import type { Tensor } from '@tacojs/graph'
import { benchModel } from './bench-model.js'
import type { ProgressEvent } from './progress.js'

let work: string
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'taco-bench-'))
})
afterAll(() => rm(work, { recursive: true, force: true }))

/** Global average pooling of images of any size; a batch that is a number is fixed inside, too. */
async function pooling(name: string, shape: readonly Dim[], more: readonly string[] = []): Promise<string> {
  const batch = typeof shape[0] === 'number' ? shape[0] : 0
  const extra = more.map((input) => ({ name: input, dtype: 'float32' as const, shape }))
  const graph = createGraph({
    inputs: [{ name: 'x', dtype: 'float32', shape }, ...extra],
    outputs: [{ name: 'y', dtype: 'float32', shape: [shape[0]!, 3, 1, 1] }],
    nodes: [node('GlobalAveragePool', ['x'], ['p']), node('Reshape', ['p', 'shape'], ['y'])],
    initializers: { shape: int64([4], [batch, 3, 1, 1]) },
  })
  const file = join(work, `${name}.onnx`)
  await writeFile(file, exportOnnx(graph))
  return file
}

/** A backend that keeps what it is given, and computes nothing. */
function recorder(): Backend & { threads?: number; disposed: number; readonly seen: Tensor[] } {
  return {
    name: 'recorder',
    seen: [],
    disposed: 0,
    unsupported: () => undefined,
    async compile(_graph, options) {
      this.threads = options?.threads
      return {
        run: async ({ x }) => {
          this.seen.push(x!)
          return {}
        },
        write: () => undefined,
        read: async () => this.seen[0]!,
        dispose: () => void this.disposed++,
      }
    },
  }
}

test('the same random images, as many as asked, in every run; the program is disposed of', async () => {
  const backend = recorder()
  registerBackend(backend)
  const model = await pooling('free-batch', ['batch', 3, 4, 6])
  const events: ProgressEvent[] = []
  const result = await benchModel(
    { model, backend: 'recorder', batch: 2, threads: 2, runs: 4 },
    { onProgress: (event) => events.push(event) },
  )
  expect(result).toMatchObject({ model: 'free-batch', backend: 'recorder', threads: 2, batch: 2, runs: 4 })
  expect(result.minMs).toBeLessThanOrEqual(result.medianMs)
  expect(result.firstRunMs).toBeGreaterThan(0)
  expect(result.imagesPerSecond).toBeCloseTo(2000 / result.medianMs, 6)
  expect([backend.threads, backend.disposed]).toEqual([2, 1])
  // the first run, at least three to warm up, four timed
  expect(backend.seen.length).toBeGreaterThanOrEqual(8)
  expect(new Set(backend.seen).size).toBe(1)
  const [images] = backend.seen
  expect(images!.shape).toEqual([2, 3, 4, 6])
  const values = [...(images!.data as Float32Array)]
  expect(values.every((v) => v >= -1 && v < 1)).toBe(true)
  expect(new Set(values).size).toBeGreaterThan(140)
  expect(events.map(({ stage, done }) => `${stage} ${done}`)).toEqual([
    ...['load 0', 'load 1', 'latency 0'],
    ...[1, 2, 3, 4].map((done) => `latency ${done}`),
  ])
})

test('free height and width are those of the preprocessing', async () => {
  const backend = recorder()
  registerBackend(backend)
  const model = await pooling('free', ['batch', 3, 'height', 'width'])
  const cfg = { input_size: [3, 8, 10], interpolation: 'bicubic', crop_pct: 1, mean: [0, 0, 0], std: [1, 1, 1] }
  const config = { architecture: 'tiny', num_classes: 3, pretrained_cfg: cfg }
  await writeFile(join(work, 'config.json'), JSON.stringify(config))
  await benchModel({ model, backend: 'recorder', runs: 1 })
  expect(backend.seen[0]!.shape).toEqual([1, 3, 8, 10])
  await rm(join(work, 'config.json'))
})

test('wrong counts, a fixed batch, several inputs and no such backend are typed errors', async () => {
  const model = await pooling('wrong', [4, 3, 4, 4])
  const failing = (request: object) => benchModel({ model, ...request })
  await expect(failing({ batch: 1 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await expect(failing({ batch: 4, runs: 0 })).rejects.toThrow('runs is 0; give a whole number of 1 or more')
  await expect(failing({ batch: 4, threads: 1.5 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await expect(failing({ batch: 4, backend: 'abacus' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  const free = await pooling('large', ['batch', 3, 4, 4])
  await expect(benchModel({ model: free, batch: 1e7 })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('at most 5592405'),
  })
  const two = await pooling('two', [4, 3, 4, 4], ['z'])
  await expect(benchModel({ model: two, batch: 4 })).rejects.toMatchObject({ code: 'UNSUPPORTED' })
})

test('cancelling ends it and disposes of the program', async () => {
  const backend = recorder()
  registerBackend(backend)
  const controller = new AbortController()
  const model = await pooling('cancelled', [1, 3, 4, 4])
  const onProgress = ({ stage, done }: ProgressEvent): void => {
    if (stage === 'latency' && done === 2) controller.abort()
  }
  const running = benchModel({ model, backend: 'recorder', runs: 1000 }, { signal: controller.signal, onProgress })
  await expect(running).rejects.toMatchObject({ code: 'ABORTED' })
  expect(backend.disposed).toBe(1)
})
