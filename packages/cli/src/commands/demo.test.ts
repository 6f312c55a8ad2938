import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runTaco } from '../testing/run-taco.js'

let work: string
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'taco-demo-test-'))
})
afterAll(() => rm(work, { recursive: true, force: true }))

/** Runs it until its own first layer is kept, unless it ends before. */
async function interrupted(...args: string[]) {
  const running = runTaco('demo', ...args)
  let wasAbsent = false
  let isOver = false
  const poll = setInterval(async () => {
    const names = await readdir(join(work, '.demo.taco-work', 'prune')).catch((): string[] => [])
    if (!names.includes('layer-0001')) wasAbsent = true
    // several answers may be on their way, and a second Ctrl-C would end the process of the tests
    else if (wasAbsent && !isOver) {
      isOver = true
      process.emit('SIGINT')
    }
  }, 5)
  const result = await running
  isOver = true
  clearInterval(poll)
  return result
}

test('after an interrupted demo with other settings, --fresh begins anew', async () => {
  const args = ['--out', join(work, 'demo'), '--quiet']
  expect((await interrupted(...args)).status).toBe(130)
  const refused = await runTaco('demo', ...args, '--sparsity', '0.5')
  expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining('--fresh')])
  // it has something to go on with again
  expect(await interrupted(...args, '--sparsity', '0.5', '--fresh')).toMatchObject({
    status: 130,
    stderr: expect.stringContaining('what is done is kept'),
  })
}, 120_000)
