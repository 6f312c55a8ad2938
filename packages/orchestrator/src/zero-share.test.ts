import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withInitializers } from '@tacojs/graph'
import { exportOnnx } from '@tacojs/model-io'
import { writeSampleTask } from '@tacojs/samples'
import { loadModel } from './model.js'
import { specialize } from './specialize.js'
import { zeroShare } from './zero-share.js'

let work: string
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'taco-zeros-'))
})
afterAll(() => rm(work, { recursive: true, force: true }))

test('zeros of a model that is no bundle are said to be at stake, unless the recipe says what becomes of them', async () => {
  const sample = await writeSampleTask(join(work, 'task'), { trainPerClass: 1, testPerClass: 1 })
  const { graph } = await loadModel(sample.model)
  expect(zeroShare(graph)).toBeLessThan(0.01)
  const halved = withInitializers(
    graph,
    new Map(
      [...graph.initializers].flatMap(([name, { tensor }]) =>
        tensor.dtype === 'float32' && tensor.shape.length > 1
          ? [[name, { tensor: { ...tensor, data: (tensor.data as Float32Array).map((v, i) => (i % 2 ? 0 : v)) } }]]
          : [],
      ),
    ),
  )
  expect(zeroShare(halved)).toBeCloseTo(0.5, 2)
  const model = join(work, 'halved.onnx')
  await writeFile(model, exportOnnx(halved))
  const recipe = { model, data: sample.train, labels: sample.labels, method: 'magnitude' as const, views: 1 }
  const warningsOf = async (fields: object): Promise<readonly string[]> =>
    (await specialize({ ...recipe, ...fields }, { threads: 1 })).warnings
  const atStake = expect.stringMatching(/^50 % of the model's weights are zero .*warmStart/)
  expect(await warningsOf({})).toContainEqual(atStake)
  expect(await warningsOf({ warmStart: false })).not.toContainEqual(atStake)
})
