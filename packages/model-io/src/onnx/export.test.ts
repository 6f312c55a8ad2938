import {
  expandFused,
  float32,
  int64,
  optimize,
  OPSET,
  zeros,
  type DType,
  type Graph,
  type Initializer,
} from '@tacojs/graph'
import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { exportOnnx, importOnnx, onnxMetadata, parseOnnx } from '../index.js'
import { decodeModel } from './proto.js'

const initializers = new Map<string, Initializer>([
  ['w', { tensor: float32([3, 2], [1, -0, 3, 0, 5, 6]) }],
  ['b', { tensor: float32([2], [0.5, -0.5]) }],
  ['shape', { tensor: int64([2], [0, -1]) }],
])
const graph: Graph = {
  name: 'small',
  inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 3] }],
  outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 2] }],
  nodes: [
    { name: 'g', op: 'Gemm', domain: '', inputs: ['x', 'w', 'b'], outputs: ['h'], attributes: { alpha: 2, transB: 0 } },
    { name: 'r', op: 'Reshape', domain: '', inputs: ['h', 'shape'], outputs: ['i'], attributes: {} },
    { name: 'c', op: 'Clip', domain: '', inputs: ['i', '', 'b0'], outputs: ['y'], attributes: {} },
  ],
  initializers: new Map([...initializers, ['b0', { tensor: float32([], [6]) }]]),
}

test('what is exported is imported as it was', () => {
  expect(parseOnnx(exportOnnx(graph))).toEqual(graph)
})

test('every data type', () => {
  const types: DType[] = [
    'float32',
    'float64',
    'int8',
    'uint8',
    'int16',
    'uint16',
    'int32',
    'uint32',
    'int64',
    'uint64',
    'bool',
  ]
  const held: Graph = {
    ...graph,
    initializers: new Map([
      ...graph.initializers,
      ...types.map((t): [string, Initializer] => [t, { tensor: zeros(t, [2, 0, 3]) }]),
    ]),
  }
  expect(parseOnnx(exportOnnx(held))).toEqual(held)
})

test('opset, IR version, metadata; floats are floats and ints are ints', () => {
  const bytes = exportOnnx(graph, { metadata: { labels: '["a"]', another: 'x' } })
  expect([...onnxMetadata(bytes)]).toEqual([
    ['another', 'x'],
    ['labels', '["a"]'],
  ])
  const model = decodeModel(bytes)
  expect([Number(model.irVersion), Number(model.opsetImport?.[0]?.version)]).toEqual([8, OPSET])
  expect(model.graph?.node?.[0]?.attribute?.map((a) => [a.name, a.type])).toEqual([
    ['alpha', 1],
    ['transB', 2],
  ])
  expect(exportOnnx(graph)).toEqual(exportOnnx({ ...graph }))
})

test('graphs of both exporters survive a round trip, also with fused operators', async () => {
  const fixtures = fileURLToPath(new URL('../../../../../shared/data/timm-fixtures', import.meta.url))
  if (!existsSync(fixtures)) return console.info('timm fixtures are not here: skipped')
  for (const name of readdirSync(fixtures).filter((n) => /^(vit_tiny|deit_distilled|resnet18|resnet50d)$/.test(n))) {
    for (const file of ['model.onnx', 'model.dynamo.onnx']) {
      const imported = await importOnnx(`${fixtures}/${name}/${file}`)
      for (const graph of [imported, optimize(imported)]) {
        const plain = parseOnnx(exportOnnx(graph))
        expect(plain).toEqual(expandFused(graph))
        expect(plain.nodes.every((n) => n.domain === '')).toBe(true)
      }
    }
  }
})
