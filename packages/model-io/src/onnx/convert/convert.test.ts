import { float32, fromNumbers, toNumbers, type Attribute, type Graph, type Tensor } from '@tacojs/graph'
import { parseOnnx } from '../parse.js'
import { onnx, type NodeProto, type ValueInfoProto } from '../proto.js'

const info = (name: string, dims: readonly (number | string)[], elemType = 1): ValueInfoProto => ({
  name,
  type: {
    tensorType: {
      elemType,
      shape: { dim: dims.map((d) => (typeof d === 'number' ? { dimValue: d } : { dimParam: d })) },
    },
  },
})

const codes: Record<string, number> = { float32: 1, uint8: 2, int8: 3, int64: 7, bool: 9 }
const tensorProto = (name: string, t: Tensor) => ({
  name,
  dims: [...t.shape],
  dataType: codes[t.dtype]!,
  rawData: new Uint8Array(t.data.buffer, t.data.byteOffset, t.data.byteLength),
})

type Attributes = Record<string, Attribute>
function attributeProtos(attributes: Attributes) {
  return Object.entries(attributes).map(([name, v]) => {
    if (typeof v === 'string') return { name, type: 3, s: new TextEncoder().encode(v) }
    if (Array.isArray(v)) return { name, type: 7, ints: v as number[] }
    const n = v as number
    return Number.isInteger(n) && !['min', 'max', 'value'].includes(name)
      ? { name, type: 2, i: n }
      : { name, type: 1, f: n }
  })
}

interface Model {
  readonly opset: number
  readonly nodes: readonly (readonly [op: string, inputs: string[], outputs: string[], attributes?: Attributes])[]
  readonly constants?: Record<string, Tensor>
  readonly shape?: readonly (number | string)[]
  readonly result?: readonly (number | string)[]
}

/** A model from x to y. */
function graphOf({ opset, nodes, constants = {}, shape = ['N', 3, 4], result = shape }: Model): Graph {
  const node = nodes.map(([opType, input, output, attributes = {}]): NodeProto => ({
    opType,
    input,
    output,
    attribute: attributeProtos(attributes),
  }))
  const initializer = Object.entries(constants).map(([name, t]) => tensorProto(name, t))
  const graph = { node, initializer, input: [info('x', shape)], output: [info('y', result)] }
  return parseOnnx(onnx.ModelProto.encode({ irVersion: 4, opsetImport: [{ version: opset }], graph }).finish())
}

const ops = (graph: Graph) => graph.nodes.map((n) => n.op)
const values = (graph: Graph, name: string) => toNumbers(graph.initializers.get(name)!.tensor)
const refused = (model: Model) => expect(() => graphOf(model)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }))

test('axes, sizes and limits that were attributes become inputs', () => {
  const squeeze = graphOf({ opset: 11, nodes: [['Unsqueeze', ['x'], ['y'], { axes: [0] }]], result: [1, 'N', 3, 4] })
  expect(values(squeeze, squeeze.nodes[0]!.inputs[1]!)).toEqual([0])
  expect(squeeze.nodes[0]!.attributes).toEqual({})
  const mean = graphOf({
    opset: 17,
    nodes: [['ReduceMean', ['x'], ['y'], { axes: [1, 2], keepdims: 0 }]],
    result: ['N'],
  })
  expect([values(mean, mean.nodes[0]!.inputs[1]!), mean.nodes[0]!.attributes]).toEqual([[1, 2], { keepdims: 0 }])
  const all = graphOf({ opset: 11, nodes: [['ReduceSum', ['x'], ['y'], { keepdims: 0 }]], result: [] })
  expect(all.nodes[0]!.inputs).toEqual(['x'])
  const clip = graphOf({ opset: 7, nodes: [['Clip', ['x'], ['y'], { max: 6 }]] })
  expect(clip.nodes[0]!.inputs[1]).toBe('')
  expect(values(clip, clip.nodes[0]!.inputs[2]!)).toEqual([6])
  const slice = graphOf({
    opset: 9,
    nodes: [['Slice', ['x'], ['y'], { starts: [1], ends: [3], axes: [2] }]],
    result: ['N', 3, 2],
  })
  expect(slice.nodes[0]!.inputs.slice(1).map((i) => values(slice, i))).toEqual([[1], [3], [2]])
  const pad = graphOf({
    opset: 10,
    nodes: [['Pad', ['x'], ['y'], { pads: [0, 0, 1, 0, 0, 1], value: 0.5 }]],
    result: ['N', 3, 6],
  })
  expect(pad.nodes[0]!.inputs.slice(1).map((i) => values(pad, i))).toEqual([[0, 0, 1, 0, 0, 1], [0.5]])
  const split = graphOf({
    opset: 11,
    nodes: [['Split', ['x'], ['y', 'z'], { axis: 2, split: [1, 3] }]],
    result: ['N', 3, 1],
  })
  expect(values(split, split.nodes[0]!.inputs[1]!)).toEqual([1, 3])
  const equal = graphOf({ opset: 13, nodes: [['Split', ['x'], ['y', 'z'], { axis: 2 }]], result: ['N', 3, 2] })
  expect(equal.nodes[0]!.attributes).toEqual({ axis: 2, num_outputs: 2 })
})

test('softmax before 13 works on the flattened matrix, unless its axis is the last', () => {
  const nodes = (axis?: number): Model['nodes'] => [['Softmax', ['x'], ['y'], axis === undefined ? {} : { axis }]]
  expect(ops(graphOf({ opset: 12, nodes: nodes() }))).toEqual(['Shape', 'Flatten', 'Softmax', 'Reshape'])
  const last = graphOf({ opset: 12, nodes: nodes(2) })
  expect([ops(last), last.nodes[0]!.attributes]).toEqual([['Softmax'], { axis: -1 }])
  expect(ops(graphOf({ opset: 11, nodes: nodes(), shape: ['N', 5] }))).toEqual(['Softmax'])
  expect(ops(graphOf({ opset: 13, nodes: nodes(1) }))).toEqual(['Softmax'])
})

test('what exists for training only is left out, or refused where it is used', () => {
  const dropout = graphOf({ opset: 7, nodes: [['Dropout', ['x'], ['y', 'mask'], { ratio: 0.25 }]] })
  expect(dropout.nodes[0]).toMatchObject({ op: 'Identity', inputs: ['x'], outputs: ['y'], attributes: {} })
  const mask = graphOf({
    opset: 12,
    nodes: [
      ['Dropout', ['x'], ['a', 'mask']],
      ['Cast', ['mask'], ['y'], { to: 1 }],
    ],
  })
  expect(ops(mask)).toEqual(['Shape', 'ConstantOfShape', 'Identity', 'Cast'])
  expect(mask.nodes[1]!.attributes.value).toEqual(fromNumbers('bool', [1], [1]))
  const yes = { yes: { ...fromNumbers('bool', [], [1]) }, ratio: float32([], [0.5]) }
  refused({ opset: 12, nodes: [['Dropout', ['x', 'ratio', 'yes'], ['y']]], constants: yes })
  const c = float32([3], [1, 1, 1])
  const bn = (attributes: Attributes): Model => ({
    opset: 14,
    nodes: [['BatchNormalization', ['x', 'c', 'c', 'c', 'c'], ['y'], attributes]],
    constants: { c },
  })
  expect(graphOf(bn({ momentum: 0.5, training_mode: 0 })).nodes[0]!.attributes).toEqual({})
  refused(bn({ training_mode: 1 }))
  refused({ ...bn({ spatial: 0 }), opset: 7 })
})

test('half precision is float32, the Gelu of ONNX is ours, CastLike becomes a cast', () => {
  expect(graphOf({ opset: 13, nodes: [['Cast', ['x'], ['y'], { to: 10 }]] }).nodes[0]!.attributes).toEqual({ to: 1 })
  refused({ opset: 19, nodes: [['Cast', ['x'], ['y'], { to: 17 }]] })
  expect(graphOf({ opset: 20, nodes: [['Gelu', ['x'], ['y']]] }).nodes[0]).toMatchObject({ domain: 'ai.tacojs' })
  const like = graphOf({
    opset: 15,
    nodes: [
      ['Shape', ['x'], ['s']],
      ['CastLike', ['x', 's'], ['i']],
      ['CastLike', ['i', 'x'], ['y']],
    ],
  })
  expect(like.nodes.slice(1).map((n) => n.attributes)).toEqual([{ to: 7 }, { to: 1 }])
})

test('attributes that would change the result are refused', () => {
  refused({
    opset: 19,
    nodes: [['Pad', ['x', 'p'], ['y'], { mode: 'wrap' }]],
    constants: { p: fromNumbers('int64', [6], [0, 0, 0, 0, 0, 0]) },
  })
  refused({ opset: 19, nodes: [['AveragePool', ['x'], ['y'], { kernel_shape: [2], dilations: [2] }]] })
  refused({ opset: 13, nodes: [['Relu', ['x'], ['y'], { leak: 3 }]] })
  refused({ opset: 24, nodes: [['Relu', ['x'], ['y']]] })
  expect(() => graphOf({ opset: 13, nodes: [['Transpose', ['x'], ['y'], { perm: 'abc' }]] })).toThrow(
    expect.objectContaining({ code: 'INVALID_MODEL' }),
  )
})

test('quantised weights are multiplied out, quantised activations are arithmetic', () => {
  const weight = fromNumbers('int8', [2, 2], [1, 2, 3, 4])
  const constants = { weight, scale: float32([2], [0.5, 2]), zero: fromNumbers('int8', [2], [0, 1]) }
  const weights = graphOf({
    opset: 13,
    nodes: [
      ['DequantizeLinear', ['weight', 'scale', 'zero'], ['w'], { axis: 0 }],
      ['MatMul', ['x', 'w'], ['y']],
    ],
    constants,
    shape: ['N', 2],
  })
  expect([ops(weights), values(weights, 'w')]).toEqual([['MatMul'], [0.5, 1, 4, 6]])
  const one = { s: float32([], [0.5]), z: fromNumbers('uint8', [], [3]) }
  const activations = graphOf({
    opset: 13,
    nodes: [
      ['QuantizeLinear', ['x', 's', 'z'], ['q']],
      ['DequantizeLinear', ['q', 's', 'z'], ['y']],
    ],
    constants: one,
  })
  expect(ops(activations)).toEqual(['Div', 'Round', 'Add', 'Clip', 'Sub', 'Mul'])
  const integers = graphOf({
    opset: 13,
    nodes: [
      ['QuantizeLinear', ['x', 's', 'z'], ['q']],
      ['Cast', ['q'], ['y'], { to: 1 }],
    ],
    constants: one,
  })
  expect(ops(integers)).toEqual(['Div', 'Round', 'Add', 'Clip', 'Cast', 'Cast'])
})

test('what opsets before 7 wrote otherwise: broadcasting from an axis, shapes and types in attributes', () => {
  const graph = graphOf({
    opset: 6,
    nodes: [
      ['Add', ['x', 'b'], ['h'], { axis: 1, broadcast: 1, consumed_inputs: [0, 0] }],
      ['Reshape', ['h', 'shape'], ['y']],
    ],
    constants: { b: float32([3], [1, 2, 3]), shape: fromNumbers('int64', [2], [0, 12]) },
    result: ['N', 12],
  })
  expect(ops(graph)).toEqual(['Unsqueeze', 'Add', 'Reshape'])
  expect(values(graph, graph.nodes[0]!.inputs[1]!)).toEqual([1])
  const old = graphOf({
    opset: 1,
    nodes: [
      ['Reshape', ['x'], ['h'], { shape: [0, 12] }],
      ['Cast', ['h'], ['i'], { to: 'INT32' }],
      ['Cast', ['i'], ['y'], { to: 'FLOAT' }],
    ],
    result: ['N', 12],
  })
  expect(old.nodes.slice(1).map((n) => n.attributes)).toEqual([{ to: 6 }, { to: 1 }])
  refused({ opset: 6, nodes: [['Dropout', ['x'], ['y'], { ratio: 1, is_test: 0 }]] })
  expect(ops(graphOf({ opset: 6, nodes: [['Dropout', ['x'], ['y'], { ratio: 1, is_test: 1 }]] }))).toEqual(['Identity'])
})

test('inputs with a constant value become constants', () => {
  const node = { opType: 'Add', input: ['x', 'z'], output: ['y'] }
  const graph = { node: [node], input: [info('x', ['N', 2]), info('z', [2])], output: [info('y', ['N', 2])] }
  const bytes = onnx.ModelProto.encode({ irVersion: 8, opsetImport: [{ version: 17 }], graph }).finish()
  const z = float32([2], [1, 2])
  const parsed = parseOnnx(bytes, { constants: new Map([['z', z]]) })
  expect([parsed.inputs.map((i) => i.name), parsed.initializers.get('z')!.tensor]).toEqual([['x'], z])
  expect(() => parseOnnx(bytes, { constants: new Map([['w', z]]) })).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
  )
})
