// The specialist in a Node worker, which starts further workers for its threads.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import { Worker } from 'node:worker_threads'
import { hasRelaxedSimd } from '../../packages/wasm/dist/index.js'
import { assertLogits } from './agree.mjs'
import { openSpecialist } from './page/specialist.js'
import { makeSample, readSample } from './sample.mjs'

const work = mkdtempSync(join(tmpdir(), 'taco-node-'))
const build = hasRelaxedSimd() ? 'relaxed' : 'base'
let expected
before(async () => (expected = await makeSample(work)))
after(() => rmSync(work, { recursive: true, force: true }))

for (const threads of [1, 2]) {
  test(`a Node worker runs the specialist, threads: ${threads}, and ends`, async () => {
    const worker = new Worker(new URL('./node-worker.mjs', import.meta.url), {
      workerData: { ...readSample(work), options: { threads } },
    })
    const ended = new Promise((resolve) => worker.once('exit', resolve))
    const { logits, ...facts } = await new Promise((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
    })
    assertLogits(logits, expected)
    assert.deepEqual(facts, { threads, why: undefined, build })
    assert.equal(await ended, 0)
  })

  test(`a program says what it runs on before and after its first run, threads: ${threads}`, async () => {
    const { files, pixels } = readSample(work)
    const specialist = await openSpecialist(files, { threads })
    const facts = { threads, why: undefined, build }
    assert.deepEqual(specialist.facts(), facts)
    assertLogits(await specialist.classify(pixels), expected)
    assert.deepEqual(specialist.facts(), facts)
    specialist.dispose()
  })
}
