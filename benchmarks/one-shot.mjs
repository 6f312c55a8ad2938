/**
 * One-shot accuracy on the real models and images of ../shared, one cell per model, task, pattern, method and seed:
 *
 *   node benchmarks/one-shot.mjs [--only TEXT ...] [--again] [--threads N] [--list] [--table] [--full]
 *
 * Every cell is `specialize` as a user would run it with 16 shots, measured on `dev` and `test` pooled (500 images). What is
 * kept in benchmarks/results/one-shot/MODEL-TASK.json is not run again without --again; --only takes cells whose name
 * holds all its words or what begins with them, --list names the cells, --table prints the kept results as Markdown (with
 * --full those of all methods) and runs nothing.
 * The packages must be built (`npm ci` does).
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'

// as the command taco does: Node 20 has relaxed SIMD behind a flag, newer versions do not know the flag any more
if (process.versions.node.startsWith('20.')) setFlagsFromString('--experimental-wasm-relaxed-simd')

const root = fileURLToPath(new URL('../', import.meta.url))
const shared = resolve(root, '../shared/data')
const results = join(root, 'benchmarks/results/one-shot')

const plain = { augment: 'none', positionWeights: false, allocation: 'uniform', damp: 0.01 }
/**
 * What is compared; the first is the product's own choice, the second the same with as many zeros in every layer, the third
 * that without further views of the images, the fourth the first with the reference's damping.
 */
const methods = {
  default: {},
  uniform: { allocation: 'uniform' },
  'images-alone': { augment: 'none', allocation: 'uniform' },
  'damp-0.01': { damp: 0.01 },
  magnitude: { ...plain, method: 'magnitude', refit: false, target: 'sparse' },
  'magnitude-refit': { ...plain, method: 'magnitude', refit: true, target: 'dense' },
  fastobc: { ...plain, method: 'fastobc', refit: false, target: 'sparse' },
  'fastobc-dense-refit': { ...plain, method: 'fastobc', refit: true, target: 'dense' },
}
const patterns = {
  50: { sparsity: 0.5 },
  75: { sparsity: 0.75 },
  90: { sparsity: 0.9 },
  95: { sparsity: 0.95 },
  '4x1-75': { pattern: '4x1', sparsity: 0.75 },
  '2:4': { pattern: '2:4' },
  'structured-30': { pattern: 'structured', sparsity: 0.3 },
}
const tasks = {
  vit_tiny_patch16_224: ['imagenette', 'imagewoof'],
  resnet18: ['imagewoof'],
  deit_tiny_patch16_224: ['imagenette', 'imagewoof'],
  resnet50: ['imagewoof'],
}
/** Where seeds 1 and 2 follow 0. */
const bars = {
  vit_tiny_patch16_224: ['50', '75', '90'],
  resnet18: ['90', '95'],
}

/** Methods of the short table. */
const inShort = ['default', 'uniform', 'magnitude', 'magnitude-refit', 'fastobc']

/** Methods and patterns for which task-agnostic images are tried as well, with seed 0. */
const controls = { default: Object.keys(patterns), uniform: ['75', '90'], 'damp-0.01': Object.keys(patterns) }

function* cells() {
  for (const [model, of] of Object.entries(tasks)) {
    for (const task of of) {
      for (const pattern of Object.keys(patterns)) {
        if (pattern === '95' && !model.startsWith('resnet')) continue
        for (const method of Object.keys(methods)) {
          if (pattern === 'structured-30' && !['default', 'damp-0.01', 'magnitude', 'magnitude-refit'].includes(method))
            continue
          // there the pattern decides how many zeros each layer has
          if (pattern === '2:4' && method === 'uniform') continue
          const own = ['default', 'uniform', 'images-alone', 'damp-0.01'].includes(method)
          const seeds = own && bars[model]?.includes(pattern) ? [0, 1, 2] : [0]
          for (const seed of seeds)
            yield {
              model,
              task,
              pattern,
              method,
              seed,
              control: seed === 0 && (controls[method]?.includes(pattern) ?? false),
            }
        }
      }
    }
  }
}
const nameOf = ({ model, task, pattern, method, seed }) => `${model} ${task} ${pattern} ${method} seed${seed}`
const fileOf = ({ model, task }) => join(results, `${model}-${task}.json`)
const kept = (cell) => {
  const file = fileOf(cell)
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
}

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    again: { type: 'boolean', default: false },
    threads: { type: 'string', default: '2' },
    list: { type: 'boolean', default: false },
    table: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
  },
})
const words = options.only.flatMap((text) => text.split(' '))
const partsOf = (cell) => nameOf(cell).split(' ')
// a word that is a whole name means that alone: fastobc is not fastobc-dense-refit
const whole = new Set([...cells()].flatMap(partsOf))
const asked = [...cells()].filter((cell) =>
  words.every((word) => partsOf(cell).some((part) => (whole.has(word) ? part === word : part.startsWith(word)))),
)
if (asked.length === 0) fail(`no cell has all of '${words.join(' ')}'; --list names them`)
if (options.table) printTable()
else if (options.list) for (const cell of asked) console.log(nameOf(cell))
else await run()

function fail(text) {
  console.error(text)
  process.exit(2)
}

async function run() {
  if (!existsSync(shared)) fail('../shared is missing: this study needs the real models and images')
  const { evaluateModel, specialize } = await import('@tacojs/orchestrator')
  mkdirSync(results, { recursive: true })
  const threads = Number(options.threads)
  const work = mkdtempSync(join(tmpdir(), 'taco-one-shot-'))
  process.on('exit', () => rmSync(work, { recursive: true, force: true }))
  for (const cell of asked) {
    const name = nameOf(cell)
    const { model, task, pattern, method, seed, control } = cell
    const before = kept(cell)[name]
    if (before && (before.control || !control) && !options.again) continue
    const onnx = join(shared, 'models', model, 'model.onnx')
    const recipe = {
      model: existsSync(onnx) ? onnx : join(shared, 'models', model),
      data: join(shared, 'images', task, 'train'),
      labels: join(shared, 'imagenet-1k-classes.json'),
      shots: 16,
      seed,
      ...patterns[pattern],
      ...methods[method],
    }
    console.error(`== ${name}`)
    const started = performance.now()
    const evaluation = { data: pooled(work, task), labels: recipe.labels, threads }
    const counts = ({ correct, images }) => ({ correct, images })
    const dense = kept(cell).dense ?? counts(await evaluateModel({ model: recipe.model, ...evaluation }))
    const out = join(work, 'bundle')
    // without a control only the specialist is measured, for the dense model is known
    const result = await specialize(recipe, {
      threads,
      ...(control ? { eval: evaluation.data, control: join(shared, 'images/control') } : { out }),
    })
    const specialist = counts(control ? result.specialist : await evaluateModel({ model: out, ...evaluation }))
    rmSync(out, { recursive: true, force: true })
    const entry = {
      recipe: { ...patterns[pattern], ...methods[method], shots: 16, seed },
      specialist,
      ...(control ? { control: counts(result.control) } : {}),
      sparsity: result.sparsity,
      nonzeros: result.nonzeros,
      parameters: result.specialist.parameters,
      bytes: result.specialist.bytes,
      seconds: (performance.now() - started) / 1000,
      stages: result.stages,
      // of the process so far
      peakMiB: Math.round(process.resourceUsage().maxRSS / 1024),
      machine: `${cpus()[0].model}, ${cpus().length} cores, node ${process.version}, ${threads} threads`,
    }
    // read again: another process may have added to it
    const all = { ...kept(cell), dense, [name]: entry }
    writeFileSync(`${fileOf(cell)}.part`, `${JSON.stringify(all, null, 1)}\n`)
    renameSync(`${fileOf(cell)}.part`, fileOf(cell))
    console.error(
      `   ${percent([entry.specialist])} (dense ${percent([dense])}${entry.control ? `, control ${percent([entry.control])}` : ''}), ` +
        `${entry.seconds.toFixed(0)} s: ${Object.entries(entry.stages)
          .map(([k, s]) => `${k} ${s.toFixed(1)}`)
          .join(', ')}`,
    )
  }
}

/** A folder with a task's dev and test images side by side. */
function pooled(work, task) {
  const folder = join(work, task)
  if (existsSync(folder)) return folder
  for (const part of ['dev', 'test']) {
    const from = join(shared, 'images', task, part)
    for (const name of readdirSync(from)) {
      mkdirSync(join(folder, name), { recursive: true })
      for (const file of readdirSync(join(from, name)))
        symlinkSync(join(from, name, file), join(folder, name, `${part}-${file}`))
    }
  }
  return folder
}

/** The mean of several runs, in percent. */
function percent(runs) {
  return ((100 * runs.reduce((sum, { correct, images }) => sum + correct / images, 0)) / runs.length).toFixed(1)
}

function printTable() {
  const rows = new Map()
  for (const cell of asked) {
    const { dense, [nameOf(cell)]: entry } = kept(cell)
    if (!entry) continue
    const key = `${cell.model} | ${cell.task} | ${cell.pattern}`
    if (!rows.has(key)) rows.set(key, {})
    ;(rows.get(key)[cell.method] ??= []).push({ ...entry, dense })
  }
  const all = [...rows.values()]
  const shown = (method) => options.full || inShort.includes(method)
  const columns = Object.keys(methods).filter((method) => shown(method) && all.some((of) => of[method]))
  // each method's control in a column of its own
  const controlled = Object.keys(controls).filter(
    (method) => shown(method) && all.some((of) => of[method]?.some((r) => r.control)),
  )
  const mean = (runs) => {
    if (!runs) return ''
    const each = runs.length > 1 ? ` (${runs.map((run) => percent([run])).join(', ')})` : ''
    return `${percent(runs)}${each}`
  }
  const line = (cells) => console.log(`| ${cells.join(' | ')} |`)
  line([
    'model',
    'task',
    'zeros',
    'dense',
    ...columns,
    ...controlled.map((method) => `control, ${method}`),
    'non-zeros',
  ])
  line(['---', '---', '---', '---:', ...columns.map(() => '---:'), ...controlled.map(() => '---:'), '---:'])
  for (const [key, of] of rows) {
    const [any] = Object.values(of).flat()
    line([
      key,
      percent([any.dense]),
      ...columns.map((method) => mean(of[method]?.map((run) => run.specialist))),
      ...controlled.map((method) => {
        const runs = of[method]?.flatMap((run) => run.control ?? []) ?? []
        return runs.length > 0 ? percent(runs) : ''
      }),
      `${(any.nonzeros / 1e6).toFixed(2)} M`,
    ])
  }
}
