import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createGraph, float32, node, type Graph } from '@tacojs/graph'
import { exportOnnx, importOnnx } from '@tacojs/model-io'
import { writeSampleTask, type SampleTask } from '@tacojs/samples'
import { runTaco } from './testing/run-taco.js'

let work: string
let sample: SampleTask

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'taco-wrong-'))
  sample = await writeSampleTask(join(work, 'task'), { trainPerClass: 2, testPerClass: 1 })
})
afterAll(() => rm(work, { recursive: true, force: true }))

/** Specializes with some arguments replaced; gives the error line and what lies where the bundle would be. */
async function wrong(changed: Record<string, string>, ...flags: string[]) {
  const parent = await mkdtemp(join(work, 'out-'))
  const args = {
    model: sample.model,
    data: sample.train,
    labels: sample.labels,
    out: join(parent, 'bundle'),
    ...changed,
  }
  const result = await runTaco(
    'specialize',
    ...Object.entries(args).flatMap(([k, v]) => [`--${k}`, v]),
    '--shots',
    '2',
    '--quiet',
    ...flags,
  )
  return { ...result, left: await readdir(parent) }
}

async function expectError(result: Awaited<ReturnType<typeof wrong>>, code: string, ...words: string[]): Promise<void> {
  expect(result).toMatchObject({ status: 2, stdout: '', left: [] })
  const lines = result.stderr.trimEnd().split('\n')
  expect(lines).toHaveLength(1)
  expect(lines[0]).toContain(`[${code}]`)
  for (const word of words) expect(lines[0]).toContain(word)
}

const file = async (name: string, bytes: Uint8Array): Promise<string> => {
  const path = join(work, name)
  await writeFile(path, bytes)
  return path
}
const generalist = (): Promise<Buffer> => readFile(join(sample.model, 'model.onnx'))

test('a truncated model, random bytes, an empty file, no file', async () => {
  const bytes = await generalist()
  await expectError(
    await wrong({ model: await file('cut.onnx', bytes.subarray(0, bytes.length - 1000)) }),
    'INVALID_MODEL',
    'cut.onnx',
  )
  const noise = Uint8Array.from({ length: 4096 }, (_, i) => (i * 2654435761) >>> 13)
  await expectError(await wrong({ model: await file('noise.onnx', noise) }), 'INVALID_MODEL', 'noise.onnx')
  await expectError(await wrong({ model: await file('empty.onnx', new Uint8Array()) }), 'INVALID_MODEL', 'empty.onnx')
  await expectError(await wrong({ model: join(work, 'nothing.onnx') }), 'NOT_FOUND', 'nothing.onnx')
})

test('names that no label file says, and labels of another model', async () => {
  const { status, stderr } = await runTaco('specialize', '--model', sample.model, '--data', sample.train, '--quiet')
  expect([status, stderr]).toEqual([2, expect.stringMatching(/^taco: .*--labels.* \[UNKNOWN_CLASS\]\n$/)])
  const names = Array.from({ length: 25 }, (_, i) => `class ${i}`)
  const labels = await file('many.json', Buffer.from(JSON.stringify(names)))
  await expectError(await wrong({ labels }), 'INVALID_DATA', 'many.json', '25 labels', '24 classes')
})

test('a recipe with a field that there is not names the file and what may be meant', async () => {
  const recipe = await file('odd.yaml', Buffer.from('max-drop: 2'))
  await expectError(await wrong({ recipe }), 'INVALID_ARGUMENT', 'odd.yaml', "'max-drop'", "'maxDrop'")
})

test('that nothing is written is said before anything is done', async () => {
  const args = ['--model', sample.model, '--data', sample.train, '--labels', sample.labels, '--keep', 'nothing.*']
  const { stderr } = await runTaco('specialize', ...args)
  expect(stderr).toMatch(/^without --out no bundle is written; .*\nload model/)
  expect((await runTaco('specialize', ...args, '--quiet')).stderr).toMatch(/^taco: .*nothing\.\*.*\n$/)
})

/** A classifier of four features whose bytes can be changed. */
const small = (weight = float32([2, 4], [1, 2, 3, 4, 5, 6, 7, 8])): Graph =>
  createGraph({
    inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 4] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 2] }],
    nodes: [node('Relu', ['x'], ['inner']), node('Gemm', ['inner', 'weight'], ['y'], { attributes: { transB: 1 } })],
    initializers: { weight },
  })

const patched = (bytes: Uint8Array, from: string, to: string): Uint8Array =>
  Buffer.from(Buffer.from(bytes).toString('latin1').replaceAll(from, to), 'latin1')

test('an unknown operator, a cycle, a missing weight and NaN weights are named', async () => {
  const good = exportOnnx(small())
  const odd = await file('odd.onnx', patched(good, 'Relu', 'Ruly'))
  await expectError(await wrong({ model: odd }), 'UNSUPPORTED', 'Ruly')
  // the first node reads what it makes itself: 'x' stands alone in the inputs of the node and of the graph
  const loop = createGraph({ ...small(), nodes: [node('Add', ['aaaa', 'w'], ['cccc']), node('Relu', ['cccc'], ['y'])] })
  const made = exportOnnx({
    ...loop,
    inputs: [{ name: 'aaaa', dtype: 'float32', shape: ['batch', 4] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 4] }],
    initializers: new Map([['w', { tensor: float32([4], [1, 2, 3, 4]) }]]),
  })
  const cyclic = Buffer.from(made)
  cyclic.write('cccc', cyclic.indexOf('aaaa'))
  await expectError(await wrong({ model: await file('cycle.onnx', cyclic) }), 'INVALID_MODEL')
  // nodes come first in the file: the node asks for a weight that the file does not have
  const ghost = Buffer.from(good)
  ghost.write('wright', ghost.indexOf('weight'))
  await expectError(await wrong({ model: await file('ghost.onnx', ghost) }), 'INVALID_MODEL', 'wright')
  const nan = await importOnnx(join(sample.model, 'model.onnx'))
  const name = 'layer1.0.conv1.weight'
  const { tensor } = nan.initializers.get(name)!
  const data = Float32Array.from(tensor.data as Float32Array)
  data[5] = NaN
  const broken = { ...nan, initializers: new Map(nan.initializers).set(name, { tensor: float32(tensor.shape, data) }) }
  await expectError(await wrong({ model: await file('nan.onnx', exportOnnx(broken)) }), 'INVALID_WEIGHTS', name)
})

async function copyOfTraining(name: string): Promise<string> {
  const dir = join(work, name)
  for (const folder of await readdir(sample.train)) {
    await mkdir(join(dir, folder), { recursive: true })
    for (const image of await readdir(join(sample.train, folder))) {
      await copyFile(join(sample.train, folder, image), join(dir, folder, image))
    }
  }
  return dir
}

test('an empty class folder, an unknown class, a missing folder', async () => {
  const empty = await copyOfTraining('empty-class')
  await mkdir(join(empty, 'solid_ring'))
  await expectError(await wrong({ data: empty }), 'INVALID_DATA', 'solid_ring')
  const unknown = await copyOfTraining('unknown-class')
  await mkdir(join(unknown, 'solid_start'))
  await copyFile(join(sample.train, 'solid_star/000.png'), join(unknown, 'solid_start/000.png'))
  await expectError(await wrong({ data: unknown }), 'UNKNOWN_CLASS', 'solid_start', 'solid star')
  await expectError(await wrong({ data: join(work, 'no-images') }), 'NOT_FOUND', 'no-images')
})

test('a corrupt image among good ones is an error that names it, or is skipped and counted', async () => {
  const data = await copyOfTraining('corrupt')
  const bad = join(data, 'solid_star/000.png')
  await writeFile(bad, (await readFile(bad)).subarray(0, 200))
  await expectError(await wrong({ data }), 'INVALID_DATA', 'solid_star/000.png')
  const { status, stdout, left } = await wrong({ data, keep: 'layer3.*' }, '--skip-corrupt', '--json')
  expect([status, left]).toEqual([0, ['bundle']])
  const result = JSON.parse(stdout) as { task: { images: number; skipped: { file: string }[] } }
  expect(result.task.images).toBe(11)
  expect(result.task.skipped.map((s) => s.file)).toEqual([bad])

  const evaluated = await runTaco(
    'evaluate',
    '--model',
    sample.model,
    '--data',
    data,
    '--labels',
    sample.labels,
    '--quiet',
    '--skip-corrupt',
  )
  expect([evaluated.status, evaluated.stdout]).toEqual([0, expect.stringContaining(' of 11 images')])
  expect(evaluated.stderr).toMatch(/^warning: skipped .*solid_star\/000\.png.*\n$/)
})

test('a class of which no image can be read is an error, also where corrupt ones are skipped', async () => {
  const data = await copyOfTraining('corrupt-class')
  for (const image of await readdir(join(data, 'solid_star'))) await writeFile(join(data, 'solid_star', image), 'none')
  const { status, stderr, left } = await wrong({ data }, '--skip-corrupt')
  expect([status, left]).toEqual([2, []])
  const [error, ...warnings] = stderr.trimEnd().split('\n').reverse()
  expect(error).toMatch(/^taco: no image of 'solid_star' .* \[INVALID_DATA\]$/)
  for (const warning of warnings) expect(warning).toMatch(/^warning: skipped /)
})

test('preprocessing that is guessed is said, whatever the model is taken for', async () => {
  const model = await file('bare.onnx', await generalist())
  const { stdout, stderr } = await runTaco('classify', join(sample.test, 'solid_star/000.png'), '--model', model)
  expect(stdout).toContain('solid_star/000.png: ')
  expect(stderr).toMatch(/^warning: no config\.json beside .*bare\.onnx': assuming .*\n$/)
})

test('options out of range, unknown ones, and places that cannot be written', async () => {
  await expectError(await wrong({ sparsity: '1.2' }), 'INVALID_ARGUMENT', 'sparsity', '0 to 1', '1.2')
  await expectError(await wrong({ pattern: '4:2' }), 'INVALID_ARGUMENT', '4:2')
  await expectError(await wrong({ method: 'magic' }), 'INVALID_ARGUMENT', 'magic')
  await expectError(await wrong({ backend: 'abacus' }), 'NOT_FOUND', 'abacus', 'tfjs-wasm')
  await expectError(await wrong({ keep: 'nothing.*' }), 'INVALID_ARGUMENT', 'nothing.*')
  const occupied = await file('occupied', new Uint8Array(1))
  await expectError(await wrong({ out: occupied }), 'INVALID_ARGUMENT', 'occupied')
  await expectError(await wrong({ out: join(occupied, 'bundle') }), 'INVALID_ARGUMENT', 'occupied')
  await expectError(await wrong({ out: '/proc/taco/bundle' }), 'IO')
  const usage = await runTaco('specialize', '--sparsity', 'much')
  expect(usage).toMatchObject({ status: 2, stdout: '' })
  expect(usage.stderr).toContain("'much' is not a number")
  await expectError(
    await wrong({ views: 'auto', positions: 'auto', keep: 'nothing.*' }),
    'INVALID_ARGUMENT',
    'nothing.*',
  )
  expect((await runTaco('specialize', '--views', '0')).stderr).toContain("'0' is less than 1")
  const half = await runTaco('specialize', '--positions', 'half')
  expect(half).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining("neither a number nor 'auto'") })
  expect((await runTaco('nonsense')).status).toBe(2)
  await expectError(await wrong({ 'batch-size': '0' }), 'INVALID_ARGUMENT', '--batch-size: expected a whole number')
  // where the bundle would be a class
  await expectError(await wrong({ out: join(sample.train, 'bundle') }), 'INVALID_ARGUMENT', 'out', 'would be a class')
  const tagged = await file('tagged.yaml', Buffer.from('sparsity: !half 0.5'))
  await expectError(await wrong({ recipe: tagged }), 'INVALID_ARGUMENT', 'tagged.yaml', '!half')
  const { stderr: idle } = await runTaco('specialize', '--model', sample.model, '--data', sample.train, '--fresh')
  expect(idle).toMatch(/^taco: --fresh: is for out only.*\n$/)
  // as of variables that are not set
  for (const [name, ...rest] of [['--out', ''], ['--labels=']] as const) {
    const { status, stderr } = await runTaco('specialize', name, ...rest)
    expect([status, stderr]).toEqual([
      2,
      `taco: ${name.replace('=', '')}: its value is empty; give one, or leave it out [INVALID_ARGUMENT]\n`,
    ])
  }
})
