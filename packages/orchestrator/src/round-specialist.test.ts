import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { optimize, prunableLayers } from '@tacojs/graph'
import { readBundle, roundWeights } from '@tacojs/model-io'
import { writeSampleTask, type SampleTask } from '@tacojs/samples'
import { evaluateModel } from './evaluate-model.js'
import { specialize } from './specialize.js'

let work: string
let sample: SampleTask

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'taco-rounded-'))
  sample = await writeSampleTask(join(work, 'task'), { trainPerClass: 2, testPerClass: 8 })
})
afterAll(() => rm(work, { recursive: true, force: true }))

test('what is measured are the rounded weights: the bundle holds just these, and its file is smaller', async () => {
  const recipe = { model: sample.model, data: sample.train, labels: sample.labels, shots: 2, sparsity: 0.6 }
  const sizes: number[] = []
  for (const weights of ['fp32', 'fp16', 'int8'] as const) {
    const out = join(work, weights)
    const { specialist, layers, nonzeros } = await specialize({ ...recipe, weights }, { out, eval: sample.test })
    const { size } = await stat(join(out, 'weights.taco'))
    expect(specialist.bytes).toBe(size)
    sizes.push(size)
    const { graph } = await readBundle(out)
    expect(optimize(roundWeights(graph, weights).graph)).toEqual(optimize(graph))
    expect(JSON.parse(await readFile(join(out, 'report.json'), 'utf8'))).toMatchObject({
      nonzeros,
      recipe: { weights },
    })
    const network = optimize(graph)
    const written = new Map(prunableLayers(network, { all: true }).map((layer) => [layer.name, layer.weight]))
    for (const { name, nonzeros: stated, rows, cols, sparsity } of layers) {
      const { tensor, sparsity: note } = network.initializers.get(written.get(name)!)!
      expect((tensor.data as Float32Array).filter((v) => v !== 0)).toHaveLength(stated)
      expect([note!.nonzeros, sparsity]).toEqual([stated, 1 - stated / (rows * cols)])
    }
    expect(await evaluateModel({ model: out, data: sample.test })).toMatchObject({
      images: specialist.images,
      correct: specialist.correct,
    })
  }
  const [fp32, fp16, int8] = sizes as [number, number, number]
  expect(fp16).toBeLessThan(0.65 * fp32)
  expect(int8).toBeLessThan(0.8 * fp16)
})
