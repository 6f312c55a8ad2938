import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clearStale, temporaryFolder } from './temporary.js'

let dir: string
let target: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'taco-temporary-'))
  target = join(dir, 'bundle')
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const id = '3f0e7a52-5b0c-4b7e-9f43-0d6c6a3c1a11'
/** No process has it: Linux ends at 2^22. */
const GONE = 4194305
const left = async () => (await readdir(dir)).sort()

test('what dead processes left goes; what live ones work on, and what only looks alike, stays', async () => {
  const stays = [
    'bundle',
    `.bundle.${process.ppid}-${id}.new`,
    `.bundle.${GONE}-${id}.other`,
    `.bundle2.${GONE}-${id}.new`,
    '.bundle.taco-work',
  ]
  const goes = [`.bundle.${GONE}-${id}.new`, `.bundle.${GONE}-${id}.old`, `.bundle.${process.pid}-${id}.new`]
  for (const name of [...stays, ...goes]) await mkdir(join(dir, name, 'inside'), { recursive: true })
  await clearStale(target)
  expect(await left()).toEqual(stays.sort())
})

test('a bundle that was moved aside goes back where there is no other', async () => {
  await mkdir(join(dir, `.bundle.${GONE}-${id}.old`, 'inside'), { recursive: true })
  await clearStale(target)
  expect(await left()).toEqual(['bundle'])
  expect(await readdir(target)).toEqual(['inside'])
})

test('a folder of this process stays until it is released', async () => {
  const folder = temporaryFolder(target, 'new')
  await mkdir(folder.path)
  await clearStale(target)
  expect(await left()).toHaveLength(1)
  folder.release()
  await clearStale(target)
  expect(await left()).toEqual([])
})

test('a parent that is not there has nothing to clear', async () => {
  await clearStale(join(dir, 'missing', 'bundle'))
  expect(await left()).toEqual([])
})
