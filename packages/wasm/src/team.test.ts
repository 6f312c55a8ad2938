import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createTeam, whyNoThreads } from './index.js'
import { kinds, startJobs } from './testing/jobs.js'

const code = (value: string) => expect.objectContaining({ code: value })

test('10 000 jobs: each member does each of them once', async () => {
  const { team, run, words } = await startJobs({ threads: 2 })
  expect(await team.ready()).toBe(2)
  const sizes = new Set<number>()
  for (let i = 0; i < 10_000; i++) sizes.add(run(kinds.count))
  expect([...sizes]).toEqual([2])
  expect([...words.subarray(3, 6)]).toEqual([10_000, 10_000, 0])
  expect(team.reason).toBeUndefined()
  team.dispose()
})

test('a barrier is passed by all members together, thousands of times', async () => {
  const { team, run, words } = await startJobs({ threads: 3 })
  expect(await team.ready()).toBe(3)
  for (const rounds of [1, 2, 3000]) {
    expect(run(kinds.meet, rounds)).toBe(3)
    expect([...words.subarray(2, 7)]).toEqual([0, rounds, rounds, rounds, 0])
  }
  team.dispose()
})

test('a job published before the workers are ready is done by those who are; later ones join the next', async () => {
  const { team, run, words } = await startJobs({ threads: 4 })
  expect(run(kinds.meet, 5)).toBe(1)
  let published = 0
  while (team.size < 4) {
    const members = run(kinds.count)
    expect(members).toBeLessThanOrEqual(4)
    published++
    await new Promise((resolve) => setTimeout(resolve))
  }
  const before = [...words.subarray(3, 7)]
  expect(before[0]).toBe(5 + published)
  expect(run(kinds.count)).toBe(4)
  expect([...words.subarray(3, 7)]).toEqual(before.map((value) => value + 1))
  team.dispose()
})

test('after dispose the caller goes on alone', async () => {
  const { team, run, words } = await startJobs({ threads: 2 })
  await team.ready()
  run(kinds.count)
  team.dispose()
  team.dispose()
  expect(team.size).toBe(1)
  expect(run(kinds.count)).toBe(1)
  expect([...words.subarray(3, 5)]).toEqual([2, 1])
})

test('a team that is disposed of at once leaves no one waiting', async () => {
  const { team } = await startJobs({ threads: 2 })
  team.dispose()
  expect(await team.ready()).toBe(1)
})

test('a worker that traps is an error for the caller, who then goes on alone', async () => {
  const { team, run } = await startJobs({ threads: 2 })
  await team.ready()
  expect(run(kinds.trap)).toBe(-1)
  expect(team.size).toBe(1)
  expect(team.fail()).toEqual(code('THREAD_LOST'))
  expect(team.reason).toMatch(/lost|in time/)
  expect(run(kinds.meet, 3)).toBe(1)
})

test('a member that does not arrive is an error for the caller', async () => {
  const { team, run } = await startJobs({ threads: 2, patience: 20 })
  await team.ready()
  expect(run(kinds.stray)).toBe(-1)
  team.fail()
  expect(team.reason).toBe('a thread did not arrive in time')
})

test('a member that works for long, and says so, is waited for beyond the patience', async () => {
  const { team, run, words } = await startJobs({ threads: 2, patience: 60 })
  await team.ready()
  expect(run(kinds.long, 300)).toBe(2)
  expect([words[4], team.reason]).toEqual([300, undefined])
  team.dispose()
})

test('a process ends while its workers wait', () => {
  const program = fileURLToPath(new URL('testing/unfinished.ts', import.meta.url))
  const flags = ['--conditions=@tacojs/source', '--import', 'tsx']
  expect(String(execFileSync(process.execPath, [...flags, program], { timeout: 60_000 }))).toBe('2 2\n')
})

test('one thread, or memory that is not shared, is a team of one; the latter says why', async () => {
  const one = await startJobs({ threads: 1 })
  expect([one.team.size, await one.team.ready(), one.team.reason]).toEqual([1, 1, undefined])
  const plain = await startJobs({ threads: 2, shared: false })
  expect([plain.team.size, await plain.team.ready()]).toEqual([1, 1])
  expect(plain.team.reason).toBe('the memory is not shared')
  expect(plain.run(kinds.meet, 3)).toBe(1)
  plain.team.dispose()
})

test('a worker that cannot start is a reason, not a hang', async () => {
  const noWork = new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0))
  const { team, run } = await startJobs({ threads: 2, module: noWork })
  expect(await team.ready()).toBe(1)
  expect(team.reason).toMatch(/^a worker was lost: .*work/)
  expect(run(kinds.count)).toBe(1)
  team.dispose()
})

test('the number of threads is checked', () => {
  const memory = new WebAssembly.Memory({ initial: 1 })
  const module = new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0))
  for (const threads of [0, 1.5, 65]) {
    expect(() => createTeam({ module, memory, control: 64, threads })).toThrow(code('INVALID_ARGUMENT'))
  }
})

test('each environment without threads says what is missing', () => {
  const process = { getBuiltinModule: () => ({}) }
  expect(whyNoThreads()).toBeUndefined()
  expect(whyNoThreads({ SharedArrayBuffer, process })).toBeUndefined()
  expect(whyNoThreads({ SharedArrayBuffer, Worker: 1, crossOriginIsolated: true })).toBeUndefined()
  expect(whyNoThreads({ SharedArrayBuffer, Worker: 1, crossOriginIsolated: false })).toMatch(/COOP/)
  expect(whyNoThreads({ Worker: 1 })).toMatch(/no shared memory/)
  expect(whyNoThreads({ SharedArrayBuffer, process: {} })).toMatch(/no workers/)
})
