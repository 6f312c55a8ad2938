import { matrixTables } from './matrix-tables.js'
import type { MatrixResult } from './results.js'
import { summarize } from './summary.js'
import { markdownTable, terminalTable } from './table.js'
import { entriesOf, type Measured, type Task } from './task.js'

const task: Task = {
  model: 'net',
  backend: 'ours',
  threads: 2,
  batch: 4,
  sparsities: [
    { share: 0, rows: 1 },
    { share: 0.9, rows: 4 },
  ],
  peers: ['ort-node', 'tfjs-wasm'],
  warmup: 1,
  rounds: 2,
}
/** Times in the order of the entries, two rounds, the second twice as slow for all. */
const measured = (first: readonly number[]): Measured[] =>
  entriesOf(task).map((entry, i) => ({ ...entry, times: [first[i]!, 2 * first[i]!] }))

test('who takes part: peers, ours, ours with one thread, ours with one image', () => {
  expect(entriesOf(task).map((e) => [e.runtime, e.sparsity.share, e.threads, e.batch])).toEqual([
    ['ort-node', 0, 2, 4],
    ['tfjs-wasm', 0, 1, 4],
    ['ours', 0, 2, 4],
    ['ours', 0.9, 2, 4],
    ['ours', 0, 1, 4],
    ['ours', 0.9, 1, 4],
    ['ours', 0, 2, 1],
    ['ours', 0.9, 2, 1],
  ])
  expect(entriesOf({ ...task, threads: 1, batch: 1 })).toHaveLength(4)
})

test('ratios against each that differs in one way, per image', () => {
  const [ortNode, , dense, sparse, alone] = summarize(measured([80, 160, 40, 10, 60, 18, 12, 2]))
  expect(ortNode).toMatchObject({ medianMs: 120, q1Ms: 100, q3Ms: 140, minMs: 80, ratios: {} })
  expect(dense!.ratios).toEqual({ 'ort-node': 2, 'tfjs-wasm': 4, 'own 1 thread': 1.5, 'own batch 1': 1.2 })
  expect(sparse!.ratios).toEqual({
    ...{ 'ort-node': 8, 'tfjs-wasm': 16, 'own dense': 4, 'own 1 thread': 1.8, 'own batch 1': 0.8 },
  })
  expect(sparse!.imagesPerSecond).toBeCloseTo(4000 / 15, 9)
  expect(alone!.ratios).toMatchObject({ 'ort-node': 80 / 60 })
})

test('as tables', () => {
  const result = { ...task, relaxedSimd: true, entries: summarize(measured([80, 160, 40, 10, 60, 18, 12, 2])) }
  const [own, peers] = matrixTables([result as unknown as MatrixResult])
  expect(terminalTable(own!).split('\n').slice(0, 5)).toEqual([
    'ours, 2 threads, batch 4',
    'model  zeros     median ms    quartiles  images/s  × ort-node  × tfjs-wasm  × own dense  × own 1 thread  × own batch 1',
    '-----  --------  ---------  -----------  --------  ----------  -----------  -----------  --------------  -------------',
    'net    dense         60.00  50.00–70.00      66.7        2.00         4.00                         1.50           1.20',
    'net    90 % 4x1      15.00  12.50–17.50     266.7        8.00        16.00         4.00            1.80           0.80',
  ])
  expect(markdownTable(peers!).split('\n').slice(2)).toEqual([
    '| model | peer | median ms | quartiles | images/s |',
    '| --- | --- | --: | --: | --: |',
    '| net | ort-node | 120.00 | 100.00–140.00 | 33.3 |',
    '| net | tfjs-wasm, 1 thread | 240.00 | 200.00–280.00 | 16.7 |',
  ])
})
