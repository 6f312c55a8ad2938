import { markdownTable, terminalTable } from '../../matrix/src/table.js'
import type { Entry } from './measure.js'
import type { LayerResult } from './results.js'
import { errorTable, layerTable, secondsTable } from './tables.js'

const solved = (method: string, devError: number, cpuSeconds: number, sparsity = 0.9): Entry => ({
  ...{ method, pattern: 'unstructured', sparsity, error: devError / 2, devError, nonzeros: 100 - 100 * sparsity },
  ...{ seconds: 2 * cpuSeconds, cpuSeconds },
})
const result: LayerResult = {
  ...{ command: '', date: '', machine: { cpu: '', cores: 2, node: '' }, load: 1, threads: 1 },
  ...{ model: 'net', task: 'images', layer: 'conv', rows: 10, cols: 10 },
  ...{ calibration: { images: 4, positions: 196 }, dev: { images: 2, positions: 98 } },
  entries: [
    solved('magnitude', 0.25, 0.004),
    solved('admm', 0.125, 12.4),
    { method: 'exactobs', pattern: 'unstructured', sparsity: 0.9, estimatedSeconds: 300 },
    solved('magnitude', 0.5, 0.02, 0.95),
  ],
}

test('a layer, a line per solution', () => {
  expect(terminalTable(layerTable(result)).split('\n')).toEqual([
    'net conv, 10×10: 4 calibration images (196 positions), 2 dev images',
    'pattern       zeros  method     error  dev error  seconds  CPU s    non-zeros',
    '------------  -----  ---------  -----  ---------  -------  -----  -----------',
    'unstructured  90 %   magnitude  .1250      .2500     0.01   0.00           10',
    'unstructured  90 %   admm       .0625      .1250       25     12           10',
    'unstructured  90 %   exactobs                                     about 300 s',
    'unstructured  95 %   magnitude  .2500      .5000     0.04   0.02            5',
  ])
})

test('errors and seconds of all layers', () => {
  expect(
    markdownTable(errorTable([result], 'devError'))
      .split('\n')
      .slice(2),
  ).toEqual([
    '| layer | pattern | zeros | magnitude | admm | exactobs |',
    '| --- | --- | --: | --: | --: | --: |',
    '| conv | unstructured | 90 % | .2500 | **.1250** | – |',
    '| conv | unstructured | 95 % | **.5000** |  |  |',
  ])
  expect(
    markdownTable(secondsTable([result]))
      .split('\n')
      .slice(4),
  ).toEqual(['| net | conv | 10×10 | 0.00–0.02 | 12–12 | – |'])
})
