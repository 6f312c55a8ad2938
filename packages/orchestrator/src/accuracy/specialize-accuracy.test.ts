import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeSampleTask, type SampleTask } from '@tacojs/samples'
import { evaluateModel } from '../evaluate-model.js'
import { specialize, type SpecializeOptions } from '../specialize.js'
import { sparsityGrid } from './grid.js'

let work: string
let sample: SampleTask
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'taco-accuracy-'))
  sample = await writeSampleTask(join(work, 'task'), { trainPerClass: 6, testPerClass: 10 })
})
afterAll(() => rm(work, { recursive: true, force: true }))

const recipe = (fields: object) => ({
  ...{ model: sample.model, data: sample.train, labels: sample.labels, shots: 2, method: 'fastobc', positions: 0.25 },
  keep: ['layer3.*'],
  augment: 'none',
  ...fields,
})
const contents = async (dir: string): Promise<[string, Buffer][]> =>
  Promise.all((await readdir(dir)).sort().map(async (name) => [name, await readFile(join(dir, name))]))
const interrupted = async (fields: object, out: string, stopAt: (done: number, detail: string) => boolean) => {
  const controller = new AbortController()
  const onProgress: SpecializeOptions['onProgress'] = ({ stage, done, detail = '' }) => {
    if (stage === 'prune' && stopAt(done, detail)) controller.abort()
  }
  await expect(specialize(recipe(fields), { out, onProgress, signal: controller.signal })).rejects.toMatchObject({
    code: 'ABORTED',
  })
}

test('the highest sparsity of the grid that keeps the accuracy: as the bundle is measured, and as its neighbour is not', async () => {
  const out = join(work, 'found')
  const fields = { maxDrop: 5, dev: sample.test }
  const steps: [number, number][] = []
  const result = await specialize(recipe(fields), {
    out,
    onProgress: ({ stage, done, total }) => stage === 'prune' && steps.push([done, total]),
  })
  const { search, dense } = { search: result.search!, dense: result.search!.dense }
  expect(search).toMatchObject({ maxDrop: 5, images: 60, reached: true })
  expect(search.tried).toHaveLength(4)
  expect(dense.correct).toBe((await evaluateModel({ ...recipe({}), data: sample.test })).correct)
  for (const { correct, drop, top1, sparsity, share } of search.tried) {
    expect(top1).toBeCloseTo(correct / 60, 12)
    expect(drop).toBeCloseTo(100 * (dense.top1 - top1), 9)
    expect(drop <= 5).toBe(sparsity <= search.sparsity)
    expect(share).toBeCloseTo(sparsity, 2)
  }
  const grid = sparsityGrid({ pattern: 'unstructured' })
  const next = grid[grid.indexOf(search.sparsity) + 1]!
  expect(search.tried.map((tried) => tried.sparsity)).toEqual(expect.arrayContaining([search.sparsity, next]))
  const found = search.tried.find((tried) => tried.sparsity === search.sparsity)!
  expect((await evaluateModel({ model: out, data: sample.test })).correct).toBe(found.correct)
  expect(JSON.parse(await readFile(join(out, 'report.json'), 'utf8'))).toMatchObject({ search })

  // progress rises to its end over all four attempts
  expect(steps.every(([done, total], i) => i === 0 || (total === steps[0]![1] && done >= steps[i - 1]![0]))).toBe(true)
  expect(steps[steps.length - 1]).toEqual([steps[0]![1], steps[0]![1]])

  // the same as if that sparsity had been asked for
  const asked = join(work, 'asked')
  await specialize(recipe({ sparsity: search.sparsity }), { out: asked })
  expect(await readFile(join(out, 'weights.taco'))).toEqual(await readFile(join(asked, 'weights.taco')))
})

test.each(['uniform', 'marginal'])(
  'interrupted in the third attempt, a search with %s sparsities goes on to the same bytes',
  async (allocation) => {
    // without a dev folder, images that are no shots
    const fields = { maxDrop: 10, allocation, layers: { 'layer1.*': { sparsity: 0.3 } } }
    const whole = join(work, 'whole')
    const measured = new Set<string>()
    const onProgress: SpecializeOptions['onProgress'] = ({ stage }) => measured.add(stage)
    const { search, layers } = await specialize(recipe(fields), { out: whole, onProgress })
    expect(measured.has('allocate')).toBe(allocation === 'marginal')
    expect(search!.images).toBe(24)
    for (const { name, sparsity } of layers) if (name.startsWith('layer1.')) expect(sparsity).toBeCloseTo(0.3, 2)
    const out = join(work, 'again')
    let total = 0
    await interrupted(fields, out, (done, detail) => {
      if (detail.endsWith('dev images') && total === 0) total = done + 1
      return total > 0 && done === 2 * total + 3
    })
    expect((await readdir(join(work, '.again.taco-work'))).length).toBeGreaterThan(3)
    const stages = new Set<string>()
    await specialize(recipe(fields), { out, onProgress: ({ stage }) => stages.add(stage) })
    // what an allocation knows of the layers was kept as well
    expect(stages).not.toContain('allocate')
    expect(await contents(out)).toEqual(await contents(whole))
    expect((await readdir(work)).filter((name) => name.startsWith('.'))).toEqual([])
    await rm(out, { recursive: true })
    await rm(whole, { recursive: true })
  },
)

test('where all lose more, the lowest sparsity is what comes out, and a warning says what it loses', async () => {
  const warnings: string[] = []
  const fields = { maxDrop: 0, dev: sample.test, layers: { 'layer2.*': { sparsity: 0.995 } }, augment: 'flip' }
  const out = join(work, 'missed')
  const { search, layers } = await specialize(recipe(fields), { out, onWarning: (text) => warnings.push(text) })
  expect(search).toMatchObject({ reached: false, sparsity: 0.2 })
  expect(search!.tried[0]!.drop).toBeGreaterThan(0)
  const free = layers.filter(({ name }) => !name.startsWith('layer2.'))
  const sum = (count: (layer: (typeof free)[number]) => number): number =>
    free.reduce((n, layer) => n + count(layer), 0)
  expect(sum(({ nonzeros }) => nonzeros) / sum(({ rows, cols }) => rows * cols)).toBeCloseTo(0.8, 2)
  expect(warnings.join()).toMatch(/no sparsity keeps the drop within 0 points: 20 % loses \d+\.\d on 60 dev images/)
})

test('structured: shares of units', async () => {
  const { model, data, labels, shots } = recipe({})
  const fields = { model, data, labels, shots, augment: 'none', pattern: 'structured', maxDrop: 10, dev: sample.test }
  const { search, groups } = await specialize(fields, { control: sample.control })
  expect(search!.reached).toBe(true)
  for (const { unitsBefore, unitsAfter } of groups!) {
    expect(unitsAfter).toBe(unitsBefore - Math.floor(unitsBefore * search!.sparsity + 1e-9))
  }
})

test('nothing to measure on, and nothing to choose, are said before anything long begins', async () => {
  await expect(specialize(recipe({ maxDrop: 1, shots: 6 }))).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringMatching(/^maxDrop: all images of '.*' are shots/),
  })
  await expect(specialize(recipe({ maxDrop: 1, layers: { '*': { sparsity: 0.5 } } }))).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringMatching(/^maxDrop: every layer has its sparsity by name/),
  })
  const one = join(work, 'one')
  await cp(join(sample.train, 'solid_star'), join(one, 'solid_star'), { recursive: true })
  await expect(specialize(recipe({ maxDrop: 1, data: one }))).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringMatching(/^maxDrop: of one class every network is right/),
  })
})

test('a class of which all images are shots is named, for what it loses is not seen', async () => {
  const few = join(work, 'few')
  await cp(sample.train, few, { recursive: true })
  for (const name of (await readdir(join(few, 'solid_star'))).slice(2)) await rm(join(few, 'solid_star', name))
  const warnings: string[] = []
  await specialize(recipe({ maxDrop: 100, data: few }), { onWarning: (text) => warnings.push(text) })
  expect(warnings).toContain('no dev image of these classes, so what they lose is not seen: solid_star')
})
