import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeSampleTask, type SampleTask } from '@tacojs/samples'
import { runTaco } from './testing/run-taco.js'

let work: string
let sample: SampleTask

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'taco-resume-'))
  sample = await writeSampleTask(join(work, 'task'), { trainPerClass: 2, testPerClass: 1 })
})
afterAll(() => rm(work, { recursive: true, force: true }))

const args = (out: string): string[] => [
  ...[
    'specialize',
    '--model',
    sample.model,
    '--data',
    sample.train,
    '--labels',
    sample.labels,
    '--shots',
    '2',
    '--views',
    '1',
  ],
  ...['--position-weights', 'on', '--positions', '0.25', '--method', 'magnitude', '--out', out],
]

const bytesOf = async (dir: string): Promise<[string, Buffer][]> => {
  const names = (await readdir(dir)).sort()
  return Promise.all(names.map(async (name): Promise<[string, Buffer]> => [name, await readFile(join(dir, name))]))
}

const main = fileURLToPath(new URL('./testing/taco-process.ts', import.meta.url))

/** Runs the command in a process of its own that dies so many milliseconds after pruning has begun, unless it is done. */
function killedAfter(out: string, milliseconds: number): Promise<{ code: number | null; ms: number }> {
  const child = spawn(process.execPath, ['--conditions=@tacojs/source', '--import', 'tsx', main, ...args(out)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let began = 0
  let text = ''
  child.stderr.on('data', (data: Buffer) => {
    text += String(data)
    if (began === 0 && text.includes('prune')) {
      began = performance.now()
      if (Number.isFinite(milliseconds)) setTimeout(() => child.kill('SIGKILL'), milliseconds)
    }
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (code !== 0 && signal !== 'SIGKILL') reject(new Error(text))
      else resolve({ code, ms: performance.now() - began })
    })
  })
}

test('killed at ten random moments and started again, a run gives the same bytes, and never a broken bundle', async () => {
  // the same name, for a bundle's report tells it not, but the paths in the recipe
  const whole = join(work, 'whole')
  const { ms } = await killedAfter(whole, Infinity)
  const expected = await bytesOf(whole)
  const out = join(work, 'killed')
  let state = 20240229
  for (let kill = 0; kill < 10; kill++) {
    state = (state * 48271) % 2147483647
    const { code } = await killedAfter(out, (state / 2147483647) * ms)
    const there = await readdir(out).catch(() => [])
    if (code === 0 || there.length > 0) {
      expect(await bytesOf(out)).toEqual(expected)
      await rm(out, { recursive: true })
    }
  }
  await killedAfter(out, Infinity)
  expect(await bytesOf(out)).toEqual(expected)
  expect((await readdir(work)).filter((name) => name.includes('taco-work'))).toEqual([])
}, 600_000)

test('what an interrupted run has done is kept, said, and gone on with; another recipe is refused', async () => {
  const out = join(work, 'interrupted')
  const folder = join(work, '.interrupted.taco-work')
  const interrupting = runTaco(...args(out))
  let interrupted = false
  const poll = setInterval(() => {
    void readdir(join(folder, 'prune')).then(
      (names) => {
        // several answers may be on their way, and a second Ctrl-C would end the process of the tests
        if (interrupted || !names.includes('layer-0001')) return
        interrupted = true
        process.emit('SIGINT')
      },
      () => undefined,
    )
  }, 5)
  const { status, stderr } = await interrupting
  clearInterval(poll)
  expect(status).toBe(130)
  expect(stderr).toContain(`what is done is kept in '${folder}'`)
  expect((await readdir(folder)).sort()).toEqual(['prune', 'prune-measured'])
  const other = await runTaco(...args(out), '--sparsity', '0.6', '--quiet')
  expect(other.status).toBe(2)
  expect(other.stderr).toContain('recipe.sparsity (0.5 before, 0.6 now)')
  expect(other.stderr).toContain('--fresh')
  expect((await runTaco(...args(out), '--sparsity', '0.6', '--fresh', '--quiet')).status).toBe(0)
  expect((await readdir(work)).filter((name) => name.startsWith('.interrupted'))).toEqual([])
}, 120_000)
