import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { float32 } from '@tacojs/graph'
import { importOnnx, readSafetensors, writeSafetensors } from '@tacojs/model-io'
import { SAMPLE_SIZE, writeSampleTask, type SampleTask } from '@tacojs/samples'
import { runTaco } from './testing/run-taco.js'

let work: string
let sample: SampleTask

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'taco-cli-'))
  sample = await writeSampleTask(join(work, 'task'), { trainPerClass: 6, testPerClass: 20 })
})
afterAll(() => rm(work, { recursive: true, force: true }))

const specialize = (...more: string[]) =>
  runTaco('specialize', '--model', sample.model, '--data', sample.train, '--labels', sample.labels, ...more)

test('the whole way: specialize, evaluate, classify, inspect and run on the bundle', async () => {
  const out = join(work, 'bundle')
  const args = [
    '--eval',
    sample.test,
    '--control',
    sample.control,
    '--shots',
    '6',
    '--views',
    '2',
    '--sparsity',
    '0.6',
    '--out',
    out,
  ]
  const { status, stdout, stderr } = await specialize(...args, '--json')
  expect(status).toBe(0)
  for (const stage of ['load model', 'read images', 'prune', 'prune control', 'evaluate'])
    expect(stderr).toContain(stage)
  const result = JSON.parse(stdout)
  expect(result.dense.images).toBe(120)
  expect(result.dense.top1).toBeGreaterThan(0.8)
  expect(result.specialist.top1).toBeGreaterThan(result.dense.top1 - 0.1)
  expect(result.control.top1).toBeLessThanOrEqual(1)
  for (const layer of result.layers) {
    expect(Math.round(layer.rows * layer.cols * (1 - layer.sparsity))).toBe(layer.nonzeros)
    expect(layer.relativeError).toBeGreaterThanOrEqual(layer.relativeFloor - 1e-6)
  }

  const total = (count: (layer: { rows: number; cols: number; nonzeros: number }) => number): number =>
    result.layers.reduce((sum: number, layer: Parameters<typeof count>[0]) => sum + count(layer), 0)
  const asked = 0.4 * total(({ rows, cols }) => rows * cols)
  expect(Math.abs(total(({ nonzeros }) => nonzeros) - asked)).toBeLessThanOrEqual(result.layers.length)

  // the bundle holds what the report states, and gives the accuracy that was measured
  expect((await readdir(out)).sort()).toEqual(
    ['labels.json', 'manifest.json', 'model.onnx', 'preprocess.json', 'report.json', 'weights.taco'].sort(),
  )
  const report = JSON.parse(await readFile(join(out, 'report.json'), 'utf8'))
  const exported = await importOnnx(join(out, 'model.onnx'))
  const nonzeros = [...exported.initializers.values()]
    .filter(({ tensor }) => tensor.dtype === 'float32')
    .reduce((sum, { tensor }) => sum + (tensor.data as Float32Array).reduce((n, v) => n + (v === 0 ? 0 : 1), 0), 0)
  expect(report.nonzeros).toBe(nonzeros)
  expect(report.nonzeros).toBe(result.nonzeros)

  const evaluated = JSON.parse(
    (await runTaco('evaluate', '--model', out, '--data', sample.test, '--json', '--quiet')).stdout,
  )
  expect(evaluated).toMatchObject({ images: 120, correct: result.specialist.correct, top1: result.specialist.top1 })

  const image = join(sample.test, 'striped_star/000.png')
  const classified = JSON.parse((await runTaco('classify', image, '--model', out, '--top', '2', '--json')).stdout)
  expect(classified[0].top).toHaveLength(2)
  expect(result.task.classes.map((c: { name: string }) => c.name)).toContain(classified[0].top[0].name)

  const inspected = JSON.parse((await runTaco('inspect', '--model', out, '--json')).stdout)
  expect(inspected.nonzeros).toBe(result.nonzeros)
  expect(inspected.outputs[0].shape[1]).toBe(6)
  expect(inspected.unsupported).toEqual({ wasm: [], 'tfjs-wasm': [], 'tfjs-cpu': [] })

  const [input, output] = [join(work, 'in.safetensors'), join(work, 'out.safetensors')]
  const pixels = Float32Array.from({ length: 3 * SAMPLE_SIZE ** 2 }, (_, i) => Math.sin(i))
  await writeSafetensors(input, new Map([['input', float32([1, 3, SAMPLE_SIZE, SAMPLE_SIZE], pixels)]]))
  const logits: Float32Array[] = []
  for (const backend of ['wasm', 'tfjs-wasm', 'tfjs-cpu']) {
    const places = ['--model', out, '--input', input, '--output', output]
    expect((await runTaco('run', ...places, '--backend', backend, '--force')).status).toBe(0)
    logits.push((await readSafetensors(output)).tensors.get('logits')!.data as Float32Array)
  }
  logits[0]!.forEach((v, i) => expect(v).toBeCloseTo(logits[1]![i]!, 3))
})

test('an accuracy says which classes competed', async () => {
  const args = ['evaluate', '--model', sample.model, '--data', sample.test, '--labels', sample.labels, '--quiet']
  const among = async (...more: string[]) => (await runTaco(...args, ...more)).stdout.replace(/^.* among /, '')
  expect([await among(), await among('--all-classes')]).toEqual(['6 classes\n', "all of the model's classes\n"])
})

test('the same recipe gives the same bytes; another seed does not', async () => {
  const bytes = async (name: string, seed: string): Promise<Buffer[]> => {
    const out = join(work, name)
    const recipe = join(work, 'recipe.yaml')
    await writeFile(
      recipe,
      `model: ${sample.model}\ndata: ${sample.train}\nlabels: ${sample.labels}\nshots: 2\nviews: 1\nkeep: ['layer3.*']\n`,
    )
    expect((await runTaco('specialize', '--recipe', recipe, '--seed', seed, '--out', out, '--quiet')).status).toBe(0)
    const files = (await readdir(out)).sort()
    return Promise.all(files.map((file) => readFile(join(out, file))))
  }
  const [first, second, other] = [await bytes('first', '0'), await bytes('second', '0'), await bytes('other', '1')]
  expect(second).toEqual(first)
  expect(other).not.toEqual(first)
})

test.each([
  ['2:4', 0.5],
  ['1:4', 0.75],
])('N:M pattern %s keeps N of M in every group', async (pattern, zeros) => {
  const out = join(work, `nm-${pattern[0]}`)
  const { status, stdout } = await specialize(
    '--shots',
    '2',
    '--views',
    '1',
    '--keep',
    'layer3.*',
    '--pattern',
    pattern,
    '--out',
    out,
    '--json',
    '--quiet',
  )
  expect(status).toBe(0)
  expect(JSON.parse(stdout).sparsity).toBeCloseTo(zeros, 2)
  const graph = await importOnnx(join(out, 'model.onnx'))
  const weight = graph.initializers.get('layer2.0.conv2.weight')!.tensor.data as Float32Array
  for (let i = 0; i < weight.length; i += 4) {
    expect(weight.subarray(i, i + 4).filter((v) => v !== 0).length).toBeLessThanOrEqual(Number(pattern[0]))
  }
})

test('structured: units, errors and what the network costs are shown, and the bundle runs', async () => {
  const out = join(work, 'structured')
  const args = [
    '--shots',
    '2',
    '--views',
    '1',
    '--pattern',
    'structured',
    '--sparsity',
    '0.5',
    '--layer',
    'layer3.*=0.25',
  ]
  const { status, stdout, stderr } = await specialize(...args, '--out', out, '--quiet')
  expect([status, stderr]).toEqual([0, ''])
  const lines = stdout.split('\n')
  expect(lines[0]).toMatch(/% of the units of \d+ groups gone/)
  const group = (name: string) => lines.find((line) => line.startsWith(name))!.split(/ {2,}/)
  const [, before, after, error] = group('layer2.0.conv2')
  expect(Number(after)).toBe(Number(before) / 2)
  expect(error).toMatch(/^\d+\.\d %$/)
  const [, wide, left] = group('layer3.0.conv2')
  expect(Number(left)).toBe(Number(wide) * 0.75)

  expect((await runTaco('inspect', '--model', out)).stdout).toContain('runs on tfjs-cpu')
  const [input, output] = [join(work, 'structured-in.safetensors'), join(work, 'structured-out.safetensors')]
  const pixels = Float32Array.from({ length: 3 * SAMPLE_SIZE ** 2 }, (_, i) => Math.sin(i))
  await writeSafetensors(input, new Map([['input', float32([1, 3, SAMPLE_SIZE, SAMPLE_SIZE], pixels)]]))
  expect((await runTaco('run', '--model', out, '--input', input, '--output', output)).status).toBe(0)
  expect((await readSafetensors(output)).tensors.get('logits')!.shape).toEqual([1, 6])
  const evaluated = await runTaco('evaluate', '--model', out, '--data', sample.test, '--json', '--quiet')
  expect(JSON.parse(evaluated.stdout).images).toBe(120)
})

test('Ctrl-C stops a run, ends with 130 and leaves nothing', async () => {
  const out = join(work, 'interrupted')
  setTimeout(() => process.emit('SIGINT'), 150)
  const { status, stdout, stderr } = await specialize('--out', out, '--quiet')
  expect([status, stdout]).toEqual([130, ''])
  expect(stderr).toContain('interrupted; no result was written')
  expect((await readdir(work)).filter((name) => name.includes('interrupted'))).toEqual([])
})

test('help and version end with status 0', async () => {
  expect((await runTaco('--help')).stdout).toContain('specialize')
  expect(await runTaco('--version')).toMatchObject({ status: 0, stdout: '0.1.0\n' })
})
