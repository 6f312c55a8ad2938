import type { Table } from '../../matrix/src/table.js'
import { contenderNames } from './contenders.js'
import { isSolved, type Entry } from './measure.js'
import type { LayerResult } from './results.js'

const percent = (share: number): string => `${Number((100 * share).toFixed(1))} %`
/** As it came out; as asked for where nothing was solved, and nothing where the pattern decides. */
function zerosOf({ rows, cols }: LayerResult, entry: Entry): string {
  if (isSolved(entry)) return percent(1 - entry.nonzeros / (rows * cols))
  return entry.sparsity === undefined ? '' : percent(entry.sparsity)
}
/** Four digits behind the point, as of a share. */
const shown = (error: number): string => error.toFixed(4).replace(/^0/, '')
const short = (seconds: number): string => seconds.toFixed(seconds < 9.95 ? 2 : 0)

/** Everything about one layer, a line per solution. */
export function layerTable(result: LayerResult): Table {
  const { model, layer, rows, cols, calibration, dev, entries } = result
  return {
    title:
      `${model} ${layer}, ${rows}×${cols}: ${calibration.images} calibration images (${calibration.positions} positions), ` +
      `${dev.images} dev images`,
    header: ['pattern', 'zeros', 'method', 'error', 'dev error', 'seconds', 'CPU s', 'non-zeros'],
    rows: entries.map((entry) =>
      isSolved(entry)
        ? [
            ...[entry.pattern, zerosOf(result, entry), entry.method, shown(entry.error), shown(entry.devError)],
            ...[short(entry.seconds), short(entry.cpuSeconds), String(entry.nonzeros)],
          ]
        : [
            entry.pattern,
            zerosOf(result, entry),
            entry.method,
            ...Array<string>(4).fill(''),
            `about ${short(entry.estimatedSeconds)} s`,
          ],
    ),
    left: 3,
  }
}

/** One table of errors over all layers, a column per method; the lowest of a line is bold, `–` was left out as too dear. */
export function errorTable(results: readonly LayerResult[], which: 'error' | 'devError'): Table {
  const methods = methodsOf(results)
  const lines = results.flatMap((result) =>
    demandsIn(result.entries).map((entries) => {
      const best = Math.min(...entries.filter(isSolved).map((entry) => entry[which]))
      const cells = methods.map((method) => {
        const entry = entries.find((e) => e.method === method)
        if (!entry) return ''
        if (!isSolved(entry)) return '–'
        const text = shown(entry[which])
        return text === shown(best) ? `**${text}**` : text
      })
      const any = entries.find(isSolved) ?? entries[0]!
      return [result.layer, any.pattern, zerosOf(result, any), ...cells]
    }),
  )
  const title = which === 'error' ? 'Error on the calibration images' : 'Error on dev images'
  return { title, header: ['layer', 'pattern', 'zeros', ...methods], rows: lines, left: 2 }
}

/** Lowest and highest CPU seconds of each method over all that was asked of a layer. */
export function secondsTable(results: readonly LayerResult[]): Table {
  const methods = methodsOf(results)
  return {
    title: 'CPU seconds, lowest–highest',
    header: ['model', 'layer', 'rows×cols', ...methods],
    rows: results.map(({ model, layer, rows, cols, entries }) => [
      ...[model, layer, `${rows}×${cols}`],
      ...methods.map((method) => {
        const own = entries.filter((entry) => entry.method === method)
        const seconds = own.filter(isSolved).map((entry) => entry.cpuSeconds)
        if (seconds.length === 0) return own.length === 0 ? '' : '–'
        return `${short(Math.min(...seconds))}–${short(Math.max(...seconds))}`
      }),
    ]),
    left: 2,
  }
}

function methodsOf(results: readonly LayerResult[]): string[] {
  const used = new Set(results.flatMap(({ entries }) => entries.map(({ method }) => method)))
  return contenderNames.filter((name) => used.has(name))
}

/** The entries by what was asked, in their order. */
function demandsIn(entries: readonly Entry[]): Entry[][] {
  const groups = new Map<string, Entry[]>()
  for (const entry of entries) {
    const key = `${entry.pattern} ${entry.sparsity ?? ''}`
    groups.set(key, [...(groups.get(key) ?? []), entry])
  }
  return [...groups.values()]
}
