import { cp, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadLabels } from '@tacojs/calibration'
import { readBundle } from '@tacojs/model-io'
import { writeSampleTask, type SampleTask } from '@tacojs/samples'
import { classifyImages } from './classify-images.js'
import { evaluateModel } from './evaluate-model.js'
import { specialize } from './specialize.js'

let work: string
let sample: SampleTask
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'taco-generations-'))
  sample = await writeSampleTask(join(work, 'task'), { trainPerClass: 4, testPerClass: 4 })
})
afterAll(() => rm(work, { recursive: true, force: true }))

const quick = { shots: 2, sparsity: 0.3, augment: 'none', method: 'magnitude', positionWeights: false } as const

test('a specialist of a specialist knows the original model’s indices, and the folders that it was made from', async () => {
  const [first, second] = [join(work, 'first'), join(work, 'second')]
  const generalist = { model: sample.model, labels: sample.labels }
  await specialize({ ...quick, ...generalist, data: sample.train }, { out: first })
  // the last two classes, in the other order and under other names than those of the first bundle
  const names = (await readdir(sample.train)).sort().slice(-2)
  const two = join(work, 'two')
  for (const name of names) await cp(join(sample.train, name), join(two, name), { recursive: true })
  const original = await loadLabels(sample.labels)
  const { classes } = await specialize({ ...quick, model: first, data: two }, { out: second }).then(({ task }) => task)
  expect(classes.map(({ folder }) => folder)).toEqual(names)
  const bundle = await readBundle(second)
  const sources = names.map((name) => original.find((label) => label.name === name.replace('_', ' '))!.index)
  expect(bundle.labels.map(({ source }) => source)).toEqual(sources)

  // folders that are numbers are the original model's indices
  const numbered = join(work, 'numbered')
  for (const [i, name] of names.entries()) {
    await cp(join(two, name), join(numbered, name), { recursive: true })
    await rename(join(numbered, name), join(numbered, String(sources[i])))
  }
  const evaluated = await evaluateModel({ model: second, data: numbered })
  expect(evaluated.classes.map(({ name }) => name).sort()).toEqual(
    sources.map((index) => original.find((label) => label.index === index)!.name).sort(),
  )
  const [image] = await readdir(join(two, names[0]!))
  const file = join(two, names[0]!, image!)
  const [[own], [given]] = [
    await classifyImages([file], { model: second }),
    await classifyImages([file], { model: second, labels: sample.labels }),
  ]
  expect(given!.top).toEqual(own!.top)
})
