/**
 * One-shot accuracy on the real models and images of ../shared: `node benchmarks/one-shot.mjs [NAME ...]`;
 * with `--table` it only prints what was kept.
 * Runs `taco specialize` as a user would, keeps what it prints as benchmarks/results/one-shot/NAME.json (times left in:
 * they say what a run costs on the machine named in the file), and prints the table of all results as Markdown.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../', import.meta.url))
const shared = join(root, '../shared/data')
const results = join(root, 'benchmarks/results/one-shot')

const studies = {
  'vit_tiny-imagewoof-50': ['vit_tiny_patch16_224', 'imagewoof', '0.5'],
  'vit_tiny-imagenette-50': ['vit_tiny_patch16_224', 'imagenette', '0.5'],
  'vit_tiny-imagenette-75': ['vit_tiny_patch16_224', 'imagenette', '0.75'],
  'resnet18-imagenette-50': ['resnet18', 'imagenette', '0.5'],
  'resnet18-imagewoof-90': ['resnet18', 'imagewoof', '0.9'],
}

const table = process.argv.includes('--table')
const asked = process.argv.slice(2).filter((name) => name !== '--table')
for (const name of asked) {
  if (!studies[name]) {
    console.error(`no study '${name}'; there are: ${Object.keys(studies).join(', ')}`)
    process.exit(2)
  }
}
if (!table && !existsSync(shared)) {
  console.error('../shared is missing: this study needs the real models and images')
  process.exit(2)
}
mkdirSync(results, { recursive: true })
for (const name of table ? [] : asked.length > 0 ? asked : Object.keys(studies)) {
  const [model, task, sparsity] = studies[name]
  const images = (part) => join('../shared/data/images', task, part)
  const args = [
    'specialize',
    ...['--model', `../shared/data/models/${model}/model.onnx`],
    ...['--data', images('train'), '--shots', '16', '--seed', '0'],
    ...['--labels', '../shared/data/imagenet-1k-classes.json', '--eval', images('dev')],
    ...['--control', '../shared/data/images/control', '--sparsity', sparsity, '--json'],
  ]
  console.error(`\n== ${name}: taco ${args.join(' ')}`)
  const run = spawnSync(process.execPath, [join(root, 'packages/cli/bin/taco.js'), ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 1 << 28,
  })
  if (run.status !== 0) process.exit(run.status ?? 1)
  const machine = { cpu: cpus()[0].model, cores: cpus().length, node: process.version }
  const result = { command: `taco ${args.join(' ')}`, machine, ...JSON.parse(run.stdout) }
  writeFileSync(join(results, `${name}.json`), `${JSON.stringify(result, null, 1)}\n`)
}

const percent = (m) => `${(100 * m.top1).toFixed(1)} % (${m.correct}/${m.images})`
console.log('| model | task (dev) | zeros | dense | specialist | control | non-zeros | compact size | minutes |')
console.log('| --- | --- | --- | --- | --- | --- | --- | --- | --- |')
for (const name of Object.keys(studies)) {
  const file = join(results, `${name}.json`)
  if (!existsSync(file)) continue
  const r = JSON.parse(readFileSync(file, 'utf8'))
  const million = (n) => `${(n / 1e6).toFixed(2)} M`
  console.log(
    `| ${r.model.name} | ${studies[name][1]} | ${(100 * r.sparsity).toFixed(1)} % | ${percent(r.dense)} | ${percent(r.specialist)} | ` +
      `${percent(r.control)} | ${million(r.dense.nonzeros)} → ${million(r.nonzeros)} | ` +
      `${(r.dense.bytes / 1e6).toFixed(1)} → ${(r.specialist.bytes / 1e6).toFixed(1)} MB | ${(r.seconds / 60).toFixed(1)} |`,
  )
}
