import { loadavg } from 'node:os'
import { isTacoError } from '@tacojs/errors'
import { breakEvenTable } from './break-even/table.js'
import { matrixTables } from './matrix-tables.js'
import { modelNames } from './models/index.js'
import { helpText, parseOptions, type Options } from './options.js'
import { progressLine } from './progress-line.js'
import { circumstances, matrixResult, readResults, save, type BreakEvenResult, type MatrixResult } from './results.js'
import { parseSparsity, showSparsity } from './sparsity.js'
import { BenchmarkError, measureInChild } from './spawn.js'
import { markdownTable, terminalTable, type Table } from './table.js'
import { entriesOf, type Measured, type Measurement, type Task } from './task.js'

const matrixSparsities = ['0', '0.8', '0.9', '0.95', '4x1@0.9', '4x1@0.95'].map(parseSparsity)
const breakEvenSparsities = [1, 4].flatMap((rows) =>
  [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95].map((share) => ({ share, rows })),
)
const progress = progressLine()

async function main(args: readonly string[]): Promise<void> {
  const options = parseOptions(args)
  if (options.help) console.log(helpText())
  else if (options.markdown) printSaved(options.out)
  else if (options.breakEven) await runBreakEven(options)
  else await runMatrix(options)
}

const print = (tables: readonly Table[], render: (table: Table) => string): void => {
  progress.clear()
  for (const table of tables) console.log(`${render(table)}\n`)
}

function printSaved(dir: string): void {
  const results = readResults(dir)
  const matrix = results.filter((result): result is MatrixResult => result.kind === 'matrix')
  const even = results.filter((result): result is BreakEvenResult => result.kind === 'break-even')
  const order = (r: MatrixResult): number => r.batch * 1e4 + r.threads * 100 + modelNames.indexOf(r.model)
  matrix.sort((a, b) => a.backend.localeCompare(b.backend) || order(a) - order(b))
  print([...matrixTables(matrix), ...even.map(breakEvenTable)], markdownTable)
}

async function runMatrix(options: Options): Promise<void> {
  const { peers, rounds, warmup, sparsities = matrixSparsities } = options
  for (const backend of options.backends)
    for (const batch of options.batches)
      for (const threads of options.threads)
        for (const model of options.models) {
          const task: Task = { model, backend, threads, batch, sparsities, peers, rounds, warmup }
          const at = circumstances(options.relaxedSimd, loadavg()[0]!)
          const measurement = await measureTask(task, options)
          const result = matrixResult(task, measurement, at)
          save(options.out, result)
          print(matrixTables([result]), terminalTable)
        }
}

/** One process for the rounds, then one more for each first run: a runtime that has run another model starts faster. */
async function measureTask(task: Task, { firstRun, relaxedSimd }: Options): Promise<Measurement> {
  const name = `${task.model}, threads ${task.threads}, batch ${task.batch}`
  const measure = (part: Task, what: string): Promise<Measurement> =>
    measureInChild({ kind: 'matrix', task: part, relaxedSimd }, (text) => progress.show(`${name}: ${what || text}`))
  const { entries, ...rest } = await measure(task, '')
  const started: Measured[] = []
  const asked = entriesOf({ ...task, threads: 1, batch: 1 }).length
  for (const [i, { firstRunMs: _warm, ...entry }] of entries.entries()) {
    if (!firstRun || task.batch > 1 || i >= asked) started.push(entry)
    else {
      const [sparsities, peers] = entry.own ? [[entry.sparsity], []] : [[], [entry.runtime]]
      const cold = await measure(
        { ...task, sparsities, peers, rounds: 0, warmup: 0 },
        `first run of ${entry.runtime} ${showSparsity(entry.sparsity)}`,
      )
      started.push({ ...entry, firstRunMs: cold.entries[0]!.firstRunMs })
    }
  }
  return { ...rest, entries: started }
}

async function runBreakEven({ backends, threads, rounds, warmup, ...options }: Options): Promise<void> {
  const { sparsities = breakEvenSparsities, relaxedSimd } = options
  for (const backend of backends)
    for (const count of threads) {
      const task = { backend, threads: count, sparsities, rounds, warmup }
      const at = circumstances(relaxedSimd, loadavg()[0]!)
      const points = await measureInChild({ kind: 'break-even', task, relaxedSimd }, progress.show)
      const result: BreakEvenResult = { kind: 'break-even', ...task, ...at, points }
      save(options.out, result)
      print([breakEvenTable(result)], terminalTable)
    }
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  progress.clear()
  if (!isTacoError(error) && !(error instanceof BenchmarkError)) throw error
  console.error(`bench: ${error.message}`)
  process.exitCode = isTacoError(error) && error.code === 'INVALID_ARGUMENT' ? 2 : 1
}
