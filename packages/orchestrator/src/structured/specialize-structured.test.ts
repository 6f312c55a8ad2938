import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeSampleTask, type SampleTask } from '@tacojs/samples'
import { evaluateModel } from '../evaluate-model.js'
import { inspectModel } from '../inspect-model.js'
import { specialize } from '../specialize.js'

let work: string
let sample: SampleTask

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'taco-structured-run-'))
  sample = await writeSampleTask(join(work, 'task'), { trainPerClass: 4, testPerClass: 8 })
})
afterAll(() => rm(work, { recursive: true, force: true }))

test('a structured recipe gives a bundle that is smaller in every respect, and as good as it was measured', async () => {
  const out = join(work, 'bundle')
  const { model, train: data, labels } = sample
  const recipe = { model, data, labels, shots: 4, pattern: 'structured', sparsity: 0.25 }
  const result = await specialize(recipe, { out, eval: sample.test, control: sample.control })
  const { dense, specialist, control, groups } = result
  expect(result.layers).toEqual([])
  expect(groups!.length).toBeGreaterThan(3)
  for (const { unitsBefore, unitsAfter, relativeError, relativeFloor } of groups!) {
    expect(unitsAfter).toBe(unitsBefore - Math.floor(unitsBefore / 4))
    expect(relativeError).toBeGreaterThanOrEqual(relativeFloor)
    expect(relativeError).toBeLessThan(0.5)
  }
  expect(result.sparsity).toBeCloseTo(0.25, 2)
  for (const smaller of [specialist, control!]) {
    expect(smaller.macs).toBeLessThan(0.85 * dense.macs)
    expect(smaller.parameters).toBeLessThan(0.85 * dense.parameters)
  }
  expect(specialist.bytes).toBeLessThan(0.85 * dense.bytes)
  expect(specialist.top1).toBeGreaterThan(dense.top1! - 0.15)

  const inspected = await inspectModel(out)
  const { macs, parameters, nonzeros } = specialist
  expect(inspected).toMatchObject({ macs, parameters, nonzeros })
  for (const { name, unitsBefore, unitsAfter } of groups!) {
    const before = (await inspectModel(model)).layers.find((layer) => layer.name === name)!
    const after = inspected.layers.find((layer) => layer.name === name)!
    expect([after.rows, after.cols * unitsBefore]).toEqual([before.rows, before.cols * unitsAfter])
  }
  expect(await evaluateModel({ model: out, data: sample.test })).toMatchObject({
    images: specialist.images,
    correct: specialist.correct,
  })
  expect(JSON.parse(await readFile(join(out, 'report.json'), 'utf8'))).toMatchObject({ groups: groups! })
  expect((await readdir(work)).sort()).toEqual(['bundle', 'task'])
})
