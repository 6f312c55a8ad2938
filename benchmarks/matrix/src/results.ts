import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { TacoError } from '@tacojs/errors'
import type { BreakEvenPoint, BreakEvenTask } from './break-even/measure.js'
import { summarize, type Summary } from './summary.js'
import type { Measurement, Task } from './task.js'

interface Circumstances {
  readonly command: string
  readonly date: string
  readonly machine: { readonly cpu: string; readonly cores: number; readonly node: string }
  readonly relaxedSimd: boolean
  /** Processes that wanted to run, averaged over the last minute, when the measurement began. */
  readonly load: number
}

export interface MatrixResult extends Task, Circumstances {
  readonly kind: 'matrix'
  readonly worstDifference?: number
  readonly peerVersions: Readonly<Record<string, string>>
  readonly entries: readonly Summary[]
}

export interface BreakEvenResult extends BreakEvenTask, Circumstances {
  readonly kind: 'break-even'
  readonly points: readonly BreakEvenPoint[]
}

export function circumstances(relaxedSimd: boolean, load: number): Circumstances {
  const args = process.argv.slice(2)
  return {
    command: ['npm run bench', ...(args.length > 0 ? ['--', ...args] : [])].join(' '),
    date: new Date().toISOString(),
    machine: { cpu: cpus()[0]!.model, cores: cpus().length, node: process.version },
    relaxedSimd,
    load,
  }
}

export const matrixResult = (task: Task, { entries, ...rest }: Measurement, at: Circumstances): MatrixResult => ({
  kind: 'matrix',
  ...task,
  ...at,
  ...rest,
  entries: summarize(entries),
})

/** One file per process that measured, named for what it measured; an earlier one of that name is replaced. */
export function save(dir: string, result: MatrixResult | BreakEvenResult): void {
  const { kind, backend, threads } = result
  const plain = result.relaxedSimd ? '' : '-plain'
  const name =
    kind === 'matrix'
      ? `${backend}-${result.model}-threads${threads}-batch${result.batch}${plain}`
      : `${backend}-break-even-threads${threads}${plain}`
  mkdirSync(dir, { recursive: true })
  // microseconds are enough
  const text = JSON.stringify(result, (_, v) => (typeof v === 'number' ? Number(v.toFixed(v < 1e-3 ? 9 : 3)) : v))
  writeFileSync(
    join(dir, `${name}.json`),
    `${text.replaceAll('{"runtime"', '\n{"runtime"').replaceAll('{"layer"', '\n{"layer"')}\n`,
  )
}

/** Throws NOT_FOUND where nothing was measured yet. */
export function readResults(dir: string): (MatrixResult | BreakEvenResult)[] {
  let files: string[] = []
  try {
    files = readdirSync(dir).filter((file) => file.endsWith('.json'))
  } catch {
    // no folder: none was measured
  }
  if (files.length === 0) throw new TacoError('NOT_FOUND', `there are no results in '${dir}': run the benchmark first`)
  return files.sort().map((file) => JSON.parse(readFileSync(join(dir, file), 'utf8')))
}
