import type { MatrixResult } from './results.js'
import { showSparsity } from './sparsity.js'
import type { Summary } from './summary.js'
import type { Table } from './table.js'

const baselines = ['ort-web', 'ort-node', 'tfjs-wasm', 'own dense', 'own 1 thread', 'own batch 1']

/** Ours and the peers, two tables for each backend, number of threads and batch. */
export function matrixTables(results: readonly MatrixResult[]): Table[] {
  const groups = new Map<string, MatrixResult[]>()
  for (const result of results) {
    const { backend, threads, batch, relaxedSimd } = result
    const plain = relaxedSimd ? '' : ', without relaxed SIMD'
    const title = `${backend}, ${threads} thread${threads === 1 ? '' : 's'}, batch ${batch}${plain}`
    groups.set(title, [...(groups.get(title) ?? []), result])
  }
  return [...groups].flatMap(([title, group]) => {
    const peers = peerTable(title, group)
    return [ownTable(title, group), ...(peers.rows.length > 0 ? [peers] : [])]
  })
}

function ownTable(title: string, results: readonly MatrixResult[]): Table {
  const rows = results.flatMap((result) =>
    result.entries
      .filter(({ own, threads, batch }) => own && threads === result.threads && batch === result.batch)
      .map((entry) => ({ model: result.model, entry })),
  )
  const compared = baselines.filter((name) => rows.some(({ entry }) => name in entry.ratios))
  const batched = rows.some(({ entry }) => entry.batch > 1)
  const started = rows.some(({ entry }) => entry.firstRunMs !== undefined)
  return {
    title,
    left: 2,
    header: [
      ...['model', 'zeros', 'median ms', 'quartiles'],
      ...(batched ? ['images/s'] : []),
      ...compared.map((name) => `× ${name}`),
      ...(started ? ['first run ms'] : []),
    ],
    rows: rows.map(({ model, entry }) => [
      model,
      showSparsity(entry.sparsity),
      ...times(entry),
      ...(batched ? [entry.imagesPerSecond.toFixed(1)] : []),
      ...compared.map((name) => entry.ratios[name]?.toFixed(2) ?? ''),
      ...(started ? [entry.firstRunMs?.toFixed(0) ?? ''] : []),
    ]),
  }
}

function peerTable(title: string, results: readonly MatrixResult[]): Table {
  const batched = results.some(({ batch }) => batch > 1)
  const started = results.some(({ entries }) => entries.some(({ firstRunMs }) => firstRunMs !== undefined))
  return {
    title: `The peers, dense (${title})`,
    left: 2,
    header: [
      ...['model', 'peer', 'median ms', 'quartiles'],
      ...(batched ? ['images/s'] : []),
      ...(started ? ['first run ms'] : []),
    ],
    rows: results.flatMap(({ model, threads, entries }) =>
      entries
        .filter(({ own }) => !own)
        .map((entry) => [
          model,
          entry.threads === threads ? entry.runtime : `${entry.runtime}, ${entry.threads} thread`,
          ...times(entry),
          ...(batched ? [entry.imagesPerSecond.toFixed(1)] : []),
          ...(started ? [entry.firstRunMs?.toFixed(0) ?? ''] : []),
        ]),
    ),
  }
}

const times = ({ medianMs, q1Ms, q3Ms }: Summary): string[] => [
  medianMs.toFixed(2),
  `${q1Ms.toFixed(2)}–${q3Ms.toFixed(2)}`,
]
