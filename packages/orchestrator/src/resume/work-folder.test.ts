import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createGraph, float32, node } from '@tacojs/graph'
import { parseRecipe } from '../recipe.js'
import { fingerprints } from './fingerprint.js'
import { openWorkFolder, workFolderOf, type WorkFolder } from './work-folder.js'

let parent: string
let current: WorkFolder | undefined
beforeEach(async () => (parent = await mkdtemp(join(tmpdir(), 'taco-work-'))))
afterEach(async () => {
  await current?.release()
  await rm(parent, { recursive: true, force: true })
})

/** The folder, when the run before has let it go. */
async function open(out: string, fresh = false): Promise<WorkFolder> {
  await current?.release()
  return (current = await openWorkFolder(out, fresh))
}

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
  const records = await (await open(out)).stage('prune', print)
  await records.write('layer', record)
  const again = await (await open(out)).stage('prune', print)
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
  const run = async (fields: object, weight = 1, value = 1, fresh = false) => {
    const work = await open(out, fresh)
    const records = await work.stage('prune', fingerprints(graph(weight), image(value))(recipe(fields)))
    await records.write('layer', record)
    return records
  }
  await run({})
  const message = (text: RegExp) =>
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(text) })
  await expect(run({ sparsity: 0.75 })).rejects.toEqual(message(/recipe\.sparsity \(0\.5 before, 0\.75 now\).*--fresh/))
  // sparsities of the layers follow from the rest, unless they are all that differs
  const layers = { 'a.*': { sparsity: 0.1 } }
  await expect(run({ sparsity: 0.75, layers })).rejects.toEqual(message(/differs in recipe\.sparsity \([^)]*\); run/))
  await expect(run({ layers })).rejects.toEqual(message(/differs in recipe\.layers \({} before, {"a\.\*"/))
  const many = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`a.${i}.*`, { sparsity: 0.1 }]))
  await expect(run({ layers: many })).rejects.toEqual(message(/^.{0,500}$/))
  await expect(run({}, 2)).rejects.toEqual(message(/differs in model;/))
  await expect(run({}, 1, 2)).rejects.toEqual(message(/differs in images;/))
  await run({}, 2, 2, true)
  await expect(run({})).rejects.toEqual(message(/differs in model, images;/))
})

test('the work of another version can only be forgotten', async () => {
  const out = join(parent, 'bundle')
  const print = fingerprints(graph(), image(1))(recipe())
  await (await (await open(out)).stage('prune', { ...print, version: '1' })).write('layer', record)
  await expect((await open(out)).stage('prune', print)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringMatching(/holds the work of another version of this tool; start afresh \(--fresh\)$/),
  })
})

test('where files are is no difference, nor what is left out', async () => {
  const out = join(parent, 'bundle')
  const print = (fields: object, leaveOut: string[] = []) => fingerprints(graph(), image(1))(recipe(fields), leaveOut)
  await (await (await open(out)).stage('prune', print({}))).write('layer', record)
  const elsewhere = print({ model: 'other', data: 'elsewhere', labels: 'there' })
  expect(await (await (await open(out)).stage('prune', elsewhere)).read('layer')).toEqual(record)
  expect(print({ sparsity: 0.9 }, ['sparsity'])).toEqual(print({}, ['sparsity']))
})

test('a damaged fingerprint takes its records with it', async () => {
  const out = join(parent, 'bundle')
  const print = fingerprints(graph(), image(1))(recipe())
  await (await (await open(out)).stage('prune', print)).write('layer', record)
  await writeFile(join(workFolderOf(out), 'prune', 'fingerprint.json'), '{"version"')
  expect(await (await (await open(out)).stage('prune', print)).read('layer')).toBeUndefined()
})

test('a run that has finished nothing leaves nothing, and one that was killed then is in nobody’s way', async () => {
  const out = join(parent, 'bundle')
  const print = (fields: object) => fingerprints(graph(), image(1))(recipe(fields))
  await (await open(out)).stage('prune', print({}))
  expect(await current!.holdsWork()).toBe(false)
  const file = join(workFolderOf(out), 'prune', 'fingerprint.json')
  const text = await readFile(file, 'utf8')
  await current!.release()
  expect(await readdir(parent)).toEqual([])
  await mkdir(join(workFolderOf(out), 'prune'), { recursive: true })
  await writeFile(file, text)
  await (await (await open(out)).stage('prune', print({ sparsity: 0.9 }))).write('layer', record)
  expect(await current!.holdsWork()).toBe(true)
  await current!.release()
  expect(await readdir(workFolderOf(out))).toEqual(['prune'])
  expect(await current!.holdsWork()).toBe(false)
})

test('what is to be forgotten is there until the run begins its work', async () => {
  const out = join(parent, 'bundle')
  const print = fingerprints(graph(), image(1))(recipe())
  await (await (await open(out)).stage('prune', print)).write('layer', record)
  await open(out, true)
  await (await open(out)).stage('prune-control', print)
  const records = await current!.stage('prune', print)
  expect(await records.read('layer')).toEqual(record)
  const fresh = await (await open(out, true)).stage('prune-control', print)
  expect(await fresh.read('layer')).toBeUndefined()
  expect(await (await current!.stage('prune', print)).read('layer')).toBeUndefined()
})

test('two runs to one place: the second is told, also in one process; with the first it is over', async () => {
  const out = join(parent, 'bundle')
  const print = fingerprints(graph(), image(1))(recipe())
  const early = await openWorkFolder(out)
  await (await (await open(out)).stage('prune', print)).write('layer', record)
  expect(await readFile(join(workFolderOf(out), 'lock'), 'utf8')).toBe(`${process.pid}\n`)
  const told = { code: 'INVALID_ARGUMENT', message: expect.stringMatching(/^another run of this process is making '/) }
  await expect(openWorkFolder(out)).rejects.toMatchObject(told)
  await expect(early.stage('prune', print)).rejects.toMatchObject(told)
  expect(await early.holdsWork()).toBe(false)
  await early.release()
  expect((await readdir(workFolderOf(out))).sort()).toEqual(['lock', 'prune'])
  await current!.remove()
  await current!.release()
  expect(await readdir(parent)).toEqual([])
  await early.stage('prune', print)
  await early.release()
})
