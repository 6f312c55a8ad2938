import type { Graph } from '@tacojs/graph'
import type { Backend } from '@tacojs/runtime'
import type { BreakEvenResult } from '../results.js'
import { crossing } from './crossing.js'
import { compileForced, type CompileWith } from './force-kernel.js'
import { layerGraph } from './layer-graph.js'
import { measureBreakEven } from './measure.js'
import { layerShapes, type LayerShape } from './shapes.js'
import { breakEvenTable } from './table.js'

const half = { share: 0.5, rows: 1 }
const shapes: readonly LayerShape[] = [
  { name: 'linear', kind: 'linear', from: 6, to: 4, size: 3, kernel: 1 },
  { name: 'conv', kind: 'conv', from: 2, to: 4, size: 5, kernel: 3 },
]

test('a straight line between the last share that is slower and the next', () => {
  const points = (...speedups: number[]) => speedups.map((speedup, i) => ({ share: (i + 5) / 10, speedup }))
  expect(crossing(points(0.5, 0.8, 1.2, 3))).toBeCloseTo(0.65, 9)
  expect(crossing(points(0.9, 1.1, 0.9, 1.9))).toBeCloseTo(0.71, 9)
  expect([crossing(points(1, 2)), crossing(points(0.5, 0.9)), crossing([])]).toEqual([0.5, undefined, undefined])
})

test('the layers have the shapes and zeros that they are named for', () => {
  const { graph, input } = layerGraph(shapes[1]!, half)
  expect([input.shape, graph.outputs[0]!.shape]).toEqual([
    [1, 2, 5, 5],
    [1, 4, 5, 5],
  ])
  const { tensor, sparsity } = graph.initializers.get('weight')!
  expect([tensor.shape, sparsity]).toEqual([[4, 2, 3, 3], { pattern: 'unstructured', nonzeros: 36 }])
  expect(layerShapes).toHaveLength(8)
})

test('both kernels run every layer, in turn, and agree', async () => {
  const kernels: string[] = []
  const compileWith: CompileWith = (backend, graph, kernel, threads) => {
    kernels.push(`${graph.name} ${kernel} ${threads}`)
    return compileForced(backend, graph, kernel, threads)
  }
  const task = { backend: 'tfjs-cpu', threads: 2, sparsities: [half, { share: 0.75, rows: 4 }], warmup: 0, rounds: 3 }
  const points = await measureBreakEven(task, () => undefined, compileWith, shapes)
  expect(
    points.map(({ layer, sparsity, dense, sparse }) => [layer, sparsity.share, dense.length, sparse.length]),
  ).toEqual([
    ['linear', 0.5, 3, 3],
    ['linear', 0.75, 3, 3],
    ['conv', 0.5, 3, 3],
    ['conv', 0.75, 3, 3],
  ])
  expect(kernels.slice(0, 2)).toEqual(['linear dense 2', 'linear sparse 2'])
  const wrong: CompileWith = async (backend, graph, kernel) => {
    const program = await compileForced(backend, graph, 'dense', 1)
    const y = { dtype: 'float32' as const, shape: [1, 3, 4], data: new Float32Array(12) }
    return kernel === 'dense' ? program : { ...program, run: async () => ({ y }), dispose: () => program.dispose() }
  }
  await expect(measureBreakEven(task, () => undefined, wrong, shapes)).rejects.toThrow('linear: logits differ by')
})

test('the note says which kernel', async () => {
  const compiled: boolean[] = []
  const backend = {
    compile: async (graph: Graph) => void compiled.push(graph.initializers.get('weight')!.sparsity !== undefined),
  } as unknown as Backend
  const { graph } = layerGraph(shapes[0]!, half)
  for (const kernel of ['dense', 'sparse'] as const) await compileForced(backend, graph, kernel, 1)
  expect(compiled).toEqual([false, true])
})

test('as a table', () => {
  const point = (rows: number, share: number, sparse: number) => ({
    ...{ layer: 'conv', sparsity: { rows, share }, dense: [4, 4], sparse: [sparse, sparse] },
  })
  const points = [point(1, 0.5, 5), point(1, 0.9, 1), point(4, 0.5, 2), point(4, 0.9, 0.5)]
  const { header, rows } = breakEvenTable({ backend: 'ours', threads: 1, points } as unknown as BreakEvenResult)
  expect(header).toEqual(['layer', 'zeros', 'dense ms', 'break-even', '× at 50 %', '× at 90 %'])
  expect(rows).toEqual([
    ['conv', 'unstructured', '4.00', '53 %', '0.80', '4.00'],
    ['conv', '4x1', '4.00', '≤ 50 %', '2.00', '8.00'],
  ])
})
