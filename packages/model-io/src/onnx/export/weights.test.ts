import {
  channelGroups,
  createGraph,
  float32,
  node,
  optimize,
  removeUnits,
  type Graph,
  type Initializer,
  type Tensor,
} from '@tacojs/graph'
import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { roundWeights } from '../../weights/round.js'
import { exportOnnx } from '../export.js'
import { importOnnx } from '../import.js'
import { parseOnnx } from '../parse.js'
import { decodeModel, toNumber, type Int64 } from '../proto.js'
import type { OnnxWeights } from './weights.js'

/** Every k-th element is not zero. */
const every = (k: number, shape: readonly number[]): Tensor<'float32'> =>
  float32(
    shape,
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (i % k === 0 ? Math.sin(i + 1) : 0)),
  )

/** A convolution, a product of each kind, and a table that is added. */
const graph: Graph = createGraph({
  inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 4, 8, 8] }],
  outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 10] }],
  nodes: [
    node('Conv', ['x', 'conv', 'bias'], ['c'], { attributes: { pads: [1, 1, 1, 1] } }),
    node('Flatten', ['c'], ['f']),
    node('Add', ['f', 'table'], ['t']),
    node('MatMul', ['t', 'matmul'], ['m']),
    node('Gemm', ['m', 'gemm', 'bias2'], ['g'], { attributes: { transB: 1 } }),
    node('Gemm', ['g', 'gemm2'], ['y']),
  ],
  initializers: {
    conv: every(5, [16, 4, 3, 3]),
    bias: every(1, [16]),
    table: every(1, [1, 1024]),
    matmul: every(10, [1024, 32]),
    gemm: every(1, [20, 32]),
    bias2: every(1, [20]),
    gemm2: every(1, [20, 10]),
  },
})

const written = (weights: OnnxWeights, of = graph) => decodeModel(exportOnnx(of, { weights })).graph!
const dims = (values: readonly (Int64 | number)[] | null | undefined) => (values ?? []).map((d) => toNumber(d as Int64))

test.each(['dense', 'sparse', 'fp16', 'int8'] as const)('%s comes back as the rounded graph', (weights) => {
  const bytes = exportOnnx(graph, { weights })
  const precision = weights === 'fp16' || weights === 'int8' ? weights : 'fp32'
  const { graph: rounded, kept } = roundWeights(graph, precision)
  expect(kept).toEqual([])
  expect(optimize(parseOnnx(bytes))).toEqual(optimize(rounded))
  expect(exportOnnx(rounded, { weights })).toEqual(bytes)
  if (precision === 'fp32') expect(parseOnnx(bytes)).toEqual(graph)
  else expect(optimize(rounded)).not.toEqual(optimize(graph))
})

test('sparse: values and ascending indices, only where that is smaller', () => {
  const { initializer, sparseInitializer } = written('sparse')
  expect(sparseInitializer!.map((s) => s.values!.name)).toEqual(['conv', 'matmul'])
  expect(initializer!.map((t) => t.name)).toEqual(['bias', 'table', 'gemm', 'bias2', 'gemm2'])
  const [conv] = sparseInitializer!
  expect(dims(conv!.dims)).toEqual([16, 4, 3, 3])
  expect([dims(conv!.values!.dims), dims(conv!.indices!.dims)]).toEqual([[116], [116]])
  const indices = new BigInt64Array(conv!.indices!.rawData!.slice().buffer)
  expect([...indices]).toEqual(Array.from({ length: 116 }, (_, i) => BigInt(5 * i)))
})

test('fp16: halves and a Cast for each table, vectors as they were', () => {
  const { initializer, node: nodes } = written('fp16')
  expect(initializer!.map((t) => [t.name, t.dataType])).toEqual([
    ['conv_fp16', 10],
    ['bias', 1],
    ['table', 1],
    ['matmul_fp16', 10],
    ['gemm_fp16', 10],
    ['bias2', 1],
    ['gemm2', 1],
  ])
  expect(nodes!.slice(0, 3).map((n) => [n.opType, n.input, n.output])).toEqual([
    ['Cast', ['conv_fp16'], ['conv']],
    ['Cast', ['matmul_fp16'], ['matmul']],
    ['Cast', ['gemm_fp16'], ['gemm']],
  ])
})

test('int8: the axis is that of the outputs, zeros are 0, and there is a scale for each output', () => {
  const { initializer, node: nodes } = written('int8')
  const dequantize = nodes!.filter((n) => n.opType === 'DequantizeLinear')
  expect(dequantize.map((n) => [n.output![0], toNumber(n.attribute![0]!.i as Int64)])).toEqual([
    ['conv', 0],
    ['matmul', 1],
    ['gemm', 0],
  ])
  const byName = new Map(initializer!.map((t) => [t.name, t]))
  expect([byName.get('matmul_int8')!.dataType, dims(byName.get('matmul_scale')!.dims)]).toEqual([3, [32]])
  const stored = new Int8Array(byName.get('conv_int8')!.rawData!.slice().buffer)
  stored.forEach((v, i) => expect(v !== 0).toBe(i % 5 === 0))
})

test('weights that a form cannot hold stay float32, and are named', () => {
  const initializers = new Map<string, Initializer>(graph.initializers)
  const large = every(1, [16, 4, 3, 3])
  large.data[7] = 65520
  initializers.set('conv', { tensor: large })
  const infinite = every(1, [1024, 32])
  infinite.data[7] = Infinity
  initializers.set('matmul', { tensor: infinite })
  const strange = { ...graph, initializers }
  expect(roundWeights(strange, 'fp16').kept).toEqual([
    { name: 'conv', why: expect.stringContaining('65504') },
    { name: 'matmul', why: expect.stringContaining('65504') },
  ])
  expect(roundWeights(strange, 'int8').kept.map((k) => k.name)).toEqual(['matmul'])
  expect(written('fp16', strange).initializer!.map((t) => t.name)).toContain('conv')
  expect(
    parseOnnx(exportOnnx(strange, { weights: 'fp16' }), { allowNonFinite: true }).initializers.get('conv'),
  ).toEqual({ tensor: large })
})

test('names that are taken are left alone', () => {
  const nodes = graph.nodes.map((n, i) => (i === 0 ? { ...n, name: 'conv/Cast', outputs: ['conv_fp16'] } : n))
  const clash = {
    ...graph,
    nodes: nodes.map((n) => ({ ...n, inputs: n.inputs.map((x) => (x === 'c' ? 'conv_fp16' : x)) })),
  }
  expect(optimize(parseOnnx(exportOnnx(clash, { weights: 'fp16' })))).toEqual(
    optimize(roundWeights(clash, 'fp16').graph),
  )
})

test('rounding counts anew what is not zero', () => {
  const weight = every(2, [20, 32])
  weight.data[0] = 1e-9
  const initializers = new Map<string, Initializer>(graph.initializers)
  initializers.set('gemm', { tensor: weight, sparsity: { pattern: 'unstructured', nonzeros: 320 } })
  const rounded = roundWeights({ ...graph, initializers }, 'int8').graph.initializers.get('gemm')!
  const count = (rounded.tensor.data as Float32Array).filter((v) => v !== 0).length
  expect(rounded.sparsity).toEqual({ pattern: 'unstructured', nonzeros: count })
  expect(count).toBeLessThan(320)
})

test('channels that were removed are in no form of the file', () => {
  const network = optimize(graph)
  const group = channelGroups(network).find((g) => g.units.length === 32)!
  const smaller = removeUnits(network, group, [0, 5, 7, 31])
  for (const weights of ['dense', 'sparse', 'fp16', 'int8'] as const) {
    const { initializer, sparseInitializer } = written(weights, smaller)
    const stored = [...initializer!.map((t) => t.dims), ...sparseInitializer!.map((s) => s.dims)].map(dims)
    expect(stored.flat()).toContain(28)
    expect(stored.flat()).not.toContain(32)
  }
})

test('exports of both exporters come back, in every form', async () => {
  const fixtures = fileURLToPath(new URL('../../../../../../shared/data/timm-fixtures', import.meta.url))
  if (!existsSync(fixtures)) return console.info('timm fixtures are not here: skipped')
  for (const name of readdirSync(fixtures).filter((n) => /^(vit_relpos|seresnet|convnextv2)$/.test(n))) {
    for (const file of ['model.onnx', 'model.dynamo.onnx']) {
      const imported = optimize(await importOnnx(`${fixtures}/${name}/${file}`))
      for (const weights of ['sparse', 'fp16', 'int8'] as const) {
        const rounded = roundWeights(imported, weights === 'sparse' ? 'fp32' : weights).graph
        expect(optimize(parseOnnx(exportOnnx(imported, { weights })))).toEqual(optimize(parseOnnx(exportOnnx(rounded))))
      }
    }
  }
})
