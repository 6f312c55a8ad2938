import * as real from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeSampleTask } from '@tacojs/samples'
import { residualNetwork } from '../allocate/testing/network.js'
import { faultyFs, type Fault } from './testing/faulty-fs.js'

const faulty = faultyFs(real)
// @types/jest knows it not
const modules = import.meta.jest as unknown as { unstable_mockModule(name: string, fake: () => object): void }
modules.unstable_mockModule('node:fs/promises', () => ({ default: faulty.fs, ...faulty.fs }))
const { checkBundleTarget, exportOnnx, specialize } = await import('./testing/on-faulty-disk.js')

let work: string
let place: string
let recipe: { model: string; data: string; shots: number; method: 'fastobc'; augment: 'none'; positionWeights: true }
beforeAll(async () => {
  work = await real.mkdtemp(join(tmpdir(), 'taco-faults-'))
  const sample = await writeSampleTask(join(work, 'task'), { trainPerClass: 2, testPerClass: 1 })
  const [first, second] = (await real.readdir(sample.train)).sort()
  const [model, data] = [join(work, 'model.onnx'), join(work, 'data')]
  await real.writeFile(model, exportOnnx(residualNetwork()))
  for (const [i, name] of [first!, second!].entries()) {
    await real.cp(join(sample.train, name), join(data, String(i)), { recursive: true })
  }
  recipe = { model, data, shots: 2, method: 'fastobc', augment: 'none', positionWeights: true }
})
beforeEach(async () => {
  faulty.arm(0)
  place = await real.mkdtemp(join(work, 'place-'))
})
afterAll(() => real.rm(work, { recursive: true, force: true }))

const run = (out: string, fields: object = {}) => specialize({ ...recipe, ...fields }, { out, threads: 1 })
const contents = async (dir: string): Promise<string[]> =>
  Promise.all(
    (await real.readdir(dir))
      .sort()
      .map(async (name) => `${name} ${(await real.readFile(join(dir, name))).toString('base64')}`),
  )
/** Steps of a run without a fault. */
async function stepsOf(out: string, fields: object = {}): Promise<number> {
  faulty.arm(0)
  await run(out, fields)
  return faulty.count
}

const faults: Fault[] = [
  { code: 'ENOSPC', leaves: 'half' },
  { code: 'EACCES', leaves: 'nothing' },
  { code: 'EIO', leaves: 'all' },
  { code: 'KILLED', leaves: 'nothing', killed: true },
  { code: 'KILLED', leaves: 'half', killed: true },
  { code: 'KILLED', leaves: 'all', killed: true },
]

test.each(faults)(
  'whichever step fails (%j), the next run gives the same bytes and leaves nothing else',
  async (fault) => {
    const expected = join(place, 'expected')
    const steps = await stepsOf(expected)
    // folders, lock, two fingerprints, task's weights, two layers, six files of the bundle, and what removes them
    expect(steps).toBeGreaterThan(40)
    const whole = await contents(expected)
    let failures = 0
    for (let n = 1; n <= steps; n++) {
      const out = join(place, 'bundle')
      faulty.arm(n, fault)
      const failed = await run(out).then(
        () => undefined,
        (error: { code?: string }) => error,
      )
      if (failed) {
        failures++
        expect(failed).toMatchObject({ code: 'IO' })
      }
      faulty.arm(0)
      // a bundle that is there is whole, whatever the run said
      if ((await real.readdir(place)).includes('bundle')) expect(await contents(out)).toEqual(whole)
      else expect(failed).toBeDefined()
      await run(out)
      expect(await contents(out)).toEqual(whole)
      expect((await real.readdir(place)).sort()).toEqual(['bundle', 'expected'])
      await real.rm(out, { recursive: true })
    }
    expect(failures).toBeGreaterThan(steps / 2)
  },
)

test.each(faults.filter(({ code, leaves }) => code !== 'EACCES' && !(code === 'KILLED' && leaves === 'half')))(
  'a bundle that is to be replaced is there or comes back, whichever step fails (%j)',
  async (fault) => {
    const [before, after] = [join(place, 'before'), join(place, 'after')]
    await run(before, { sparsity: 0.25 })
    const old = await contents(before)
    await run(after)
    const fresh = await contents(after)
    const out = join(place, 'bundle')
    await real.cp(before, out, { recursive: true })
    const steps = await stepsOf(out)
    // the bundle is written in the last ones
    for (let n = steps - 30; n <= steps; n++) {
      await real.rm(out, { recursive: true })
      await real.cp(before, out, { recursive: true })
      faulty.arm(n, fault)
      await run(out).catch(() => undefined)
      faulty.arm(0)
      // what the next run does first
      await checkBundleTarget(out)
      expect([old, fresh]).toContainEqual(await contents(out))
      await run(out)
      expect(await contents(out)).toEqual(fresh)
      expect((await real.readdir(place)).sort()).toEqual(['after', 'before', 'bundle'])
    }
  },
)
