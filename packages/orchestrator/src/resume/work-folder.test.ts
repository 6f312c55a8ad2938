import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createGraph, float32, node } from '@tacojs/graph'
import { parseRecipe } from '../recipe.js'
import { fingerprints } from './fingerprint.js'
import { openWorkFolder, workFolderOf } from './work-folder.js'

let parent: string
beforeEach(async () => (parent = await mkdtemp(join(tmpdir(), 'taco-work-'))))
afterEach(() => rm(parent, { recursive: true, force: true }))

const graph = (weight = 1) =>
  createGraph({
    inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 1] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 1] }],
    nodes: [node('Mul', ['x', 'w'], ['y'])],
    initializers: { w: float32([1], [weight]) },
  })
const image = (value: number) => [float32([1, 1], [value])]
const recipe = (fields: object = {}) => parseRecipe({ model: 'm', data: 'd', ...fields })
const record = { tensors: new Map([['w', float32([2], [1, 2])]]), note: { name: 'layer', error: 0.1 } }

test('a record comes back as it was, and with any byte changed not at all', async () => {
  const out = join(parent, 'bundle')
  const print = fingerprints(graph(), image(1))(recipe())
  const records = await (await openWorkFolder(out)).stage('prune', print)
  await records.write('layer', record)
  const again = await (await openWorkFolder(out)).stage('prune', print)
  expect(await again.read('layer')).toEqual(record)
  expect(await again.read('another')).toBeUndefined()
  const file = join(workFolderOf(out), 'prune', 'layer')
  const bytes = await readFile(file)
  for (let i = 0; i < bytes.length; i++) {
    const damaged = Buffer.from(bytes)
    damaged[i]! ^= 1
    await writeFile(file, damaged)
    expect(await again.read('layer')).toBeUndefined()
  }
  await writeFile(file, bytes.subarray(0, 100))
  expect(await again.read('layer')).toBeUndefined()
})

test('the work of another model, other images or another recipe is refused, and what differs is said', async () => {
  const out = join(parent, 'bundle')
  const open = async (fields: object, weight = 1, value = 1, fresh = false) => {
    const work = await openWorkFolder(out, fresh)
    const records = await work.stage('prune', fingerprints(graph(weight), image(value))(recipe(fields)))
    await records.write('layer', record)
    return records
  }
  await open({})
  const message = (text: RegExp) =>
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(text) })
  await expect(open({ sparsity: 0.75 })).rejects.toEqual(
    message(/recipe\.sparsity \(0\.5 before, 0\.75 now\).*--fresh/),
  )
  await expect(open({}, 2)).rejects.toEqual(message(/differs in model;/))
  await expect(open({}, 1, 2)).rejects.toEqual(message(/differs in images;/))
  await open({}, 2, 2, true)
  await expect(open({})).rejects.toEqual(message(/differs in model, images;/))
})

test('a damaged fingerprint takes its records with it', async () => {
  const out = join(parent, 'bundle')
  const print = fingerprints(graph(), image(1))(recipe())
  await (await (await openWorkFolder(out)).stage('prune', print)).write('layer', record)
  await writeFile(join(workFolderOf(out), 'prune', 'fingerprint.json'), '{"version"')
  expect(await (await (await openWorkFolder(out)).stage('prune', print)).read('layer')).toBeUndefined()
})

test('two runs to one place: the second is told; the lock of a process that is gone is nobody’s', async () => {
  const out = join(parent, 'bundle')
  const print = fingerprints(graph(), image(1))(recipe())
  const work = await openWorkFolder(out)
  await work.stage('prune', print)
  const lock = join(workFolderOf(out), 'lock')
  expect(await readFile(lock, 'utf8')).toBe(`${process.pid}\n`)
  await writeFile(lock, `${process.ppid}\n`)
  await expect(openWorkFolder(out)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringMatching(RegExp(`^process ${process.ppid} is making '.*bundle' at this moment: wait`)),
  })
  // two that come at the same moment: the lock is there when the second wants to make it
  await rm(lock)
  const second = await openWorkFolder(out)
  await writeFile(lock, `${process.ppid}\n`)
  await expect(second.stage('prune', print)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await writeFile(lock, '4194305\n')
  await (await openWorkFolder(out)).stage('prune', print)
  await work.release()
  expect((await readdir(workFolderOf(out))).sort()).toEqual(['prune'])
  await work.remove()
  expect(await readdir(parent)).toEqual([])
})
