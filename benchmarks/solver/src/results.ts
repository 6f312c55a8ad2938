import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { TacoError } from '@tacojs/errors'
import type { Entry } from './measure.js'

interface Circumstances {
  readonly command: string
  readonly date: string
  readonly machine: { readonly cpu: string; readonly cores: number; readonly node: string }
  /** Processes that wanted to run, averaged over the last minute, when the layer began. */
  readonly load: number
  readonly threads: number
}

interface Seen {
  readonly images: number
  readonly positions: number
}

/** One layer under all that was asked of it. */
export interface LayerResult extends Circumstances {
  readonly model: string
  readonly task: string
  readonly layer: string
  readonly rows: number
  readonly cols: number
  readonly calibration: Seen
  readonly dev: Seen
  readonly entries: readonly Entry[]
}

export function circumstances(threads: number, load: number): Circumstances {
  const args = process.argv.slice(2)
  return {
    command: ['npm run bench:solver', ...(args.length > 0 ? ['--', ...args] : [])].join(' '),
    date: new Date().toISOString(),
    machine: { cpu: cpus()[0]!.model, cores: cpus().length, node: process.version },
    load,
    threads,
  }
}

/** One file per layer; an earlier one is replaced. */
export function save(dir: string, result: LayerResult): void {
  mkdirSync(dir, { recursive: true })
  // six digits are enough
  const text = JSON.stringify(result, (_, v) => (typeof v === 'number' ? Number(v.toPrecision(6)) : v))
  const lines = text.replaceAll('{"method"', '\n{"method"')
  writeFileSync(join(dir, `${result.model}-${result.layer}.json`), `${lines}\n`)
}

/** Throws NOT_FOUND where nothing was measured yet. */
export function readResults(dir: string): LayerResult[] {
  let files: string[] = []
  try {
    files = readdirSync(dir).filter((file) => file.endsWith('.json'))
  } catch {
    // no folder: none was measured
  }
  if (files.length === 0) throw new TacoError('NOT_FOUND', `there are no results in '${dir}': run the benchmark first`)
  return files.sort().map((file) => JSON.parse(readFileSync(join(dir, file), 'utf8')))
}
