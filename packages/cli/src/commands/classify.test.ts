import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeSampleTask, type SampleTask } from '@tacojs/samples'
import { runTaco } from '../testing/run-taco.js'

let work: string
let sample: SampleTask
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'taco-cli-classify-'))
  sample = await writeSampleTask(join(work, 'task'), { trainPerClass: 1, testPerClass: 1 })
})
afterAll(() => rm(work, { recursive: true, force: true }))

test('one image that cannot be read leaves the others their classes, and is said by the status', async () => {
  const good = join(sample.test, 'striped_star/000.png')
  const bad = join(work, 'bad.png')
  await writeFile(bad, 'no image')
  const classify = (...more: string[]) =>
    runTaco('classify', bad, good, work, '--model', sample.model, '--labels', sample.labels, '--quiet', ...more)
  const { status, stdout, stderr } = await classify()
  expect([status, stdout]).toEqual([2, expect.stringMatching(/^.*striped_star\/000\.png: .* %\n$/)])
  expect(stderr).toMatch(/^taco: '.*bad\.png' is not a .*\ntaco: '.*' is a folder; name the images in it, .*\n$/)
  const json = await classify('--json', '--top', '1')
  expect([json.status, json.stderr]).toEqual([2, stderr])
  expect(JSON.parse(json.stdout)).toEqual([
    { file: bad, top: [], error: expect.stringContaining('is not a') },
    { file: good, top: [{ index: expect.any(Number), name: expect.any(String), probability: expect.any(Number) }] },
    { file: work, top: [], error: expect.stringContaining('is a folder') },
  ])
})
