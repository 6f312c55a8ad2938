import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lockOf } from './lock.js'

let dir: string
let file: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'taco-lock-'))
  file = join(dir, 'lock')
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const told = (who: string) => ({
  code: 'INVALID_ARGUMENT',
  message: expect.stringMatching(RegExp(`^${who} is making 'out' at this moment: wait for it`)),
})

test('the lock of a process that is there is its own; it is told by its number', async () => {
  await writeFile(file, `${process.ppid}\n`)
  const lock = lockOf(file, 'out')
  await expect(lock.check()).rejects.toMatchObject(told(`process ${process.ppid}`))
  await expect(lock.take()).rejects.toMatchObject(told(`process ${process.ppid}`))
  await lock.release()
  expect(await readFile(file, 'utf8')).toBe(`${process.ppid}\n`)
})

test.each([
  ['a process that is gone', '4194305\n'],
  ['a process that was killed while it wrote', '41'],
  ['nobody, yet', ''],
  ['an earlier process of the same number', `${process.pid}\n`],
])('the lock of %s is nobody’s', async (_, text) => {
  await writeFile(file, text)
  const lock = lockOf(file, 'out')
  await lock.check()
  await lock.take()
  expect(await readFile(file, 'utf8')).toBe(`${process.pid}\n`)
  await lock.release()
  expect(await readdir(dir)).toEqual([])
})

test('of several at the same moment one gets it, and the next when it is released', async () => {
  await writeFile(file, '4194305\n')
  const locks = Array.from({ length: 5 }, () => lockOf(file, 'out'))
  const outcomes = await Promise.allSettled(locks.map((lock) => lock.take()))
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject(told('another run of this process'))
  }
  const owner = locks.find(({ held }) => held)!
  await owner.take()
  const next = lockOf(file, 'out')
  await expect(next.take()).rejects.toMatchObject(told('another run of this process'))
  await owner.release()
  await next.take()
  await owner.release()
  expect(await readdir(dir)).toEqual(['lock'])
  await next.release()
})

test('a lock that another process has made in the meantime is left to it', async () => {
  const lock = lockOf(file, 'out')
  await lock.take()
  await writeFile(file, `${process.ppid}\n`)
  await lock.release()
  expect(await readFile(file, 'utf8')).toBe(`${process.ppid}\n`)
})
