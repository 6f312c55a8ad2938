import { onnx, type GraphProto, type ModelProto, type NodeProto, type TensorProto } from '../onnx/proto.js'

export const value = (name: string, ...dims: (number | string)[]) => ({
  name,
  type: {
    tensorType: {
      elemType: 1,
      shape: { dim: dims.map((d) => (typeof d === 'number' ? { dimValue: d } : { dimParam: d })) },
    },
  },
})
const floats = (name: string, dims: number[]): TensorProto => ({
  name,
  dims,
  dataType: 1,
  floatData: Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => (i % 7) / 4 - 0.5),
})
export const ints = (name: string, dims: number[], int64Data: number[]): TensorProto => ({
  name,
  dims,
  dataType: 7,
  int64Data,
})
export const node = (
  opType: string,
  input: string[],
  output: string[],
  attribute: NodeProto['attribute'] = [],
): NodeProto => ({
  opType,
  input,
  output,
  attribute,
})
export const int = (name: string, i: number) => ({ name, type: 2, i })
const intList = (name: string, list: number[]) => ({ name, type: 7, ints: list })
const float = (name: string, f: number) => ({ name, type: 1, f })
export const text = (name: string, s: string) => ({ name, type: 3, s: new TextEncoder().encode(s) })
export const body = (name: string, g: GraphProto) => ({ name, type: 5, g })
export const names = (...list: string[]) => list.map((name) => ({ name }))

/** A model of one input, x [N, 2, 4, 4], and one output, y of rank 4, unless `graph` says otherwise. */
export function model(graph: GraphProto, opset = 17, more: ModelProto = {}): Uint8Array {
  const whole = { name: 'g', input: [value('x', 'N', 2, 4, 4)], output: [value('y', 'a', 'b', 'c', 'd')], ...graph }
  return onnx.ModelProto.encode({ irVersion: 8, opsetImport: [{ version: opset }], graph: whole, ...more }).finish()
}

/**
 * Small models that together use what the importer knows: layers, shapes, bodies, functions, sparse and quantised
 * weights.
 */
export const seedModels: readonly Uint8Array[] = [
  model({
    node: [
      node(
        'Conv',
        ['x', 'w', 'b'],
        ['c'],
        [intList('pads', [1, 1, 1, 1]), intList('strides', [2, 2]), int('group', 1)],
      ),
      node('BatchNormalization', ['c', 'b', 'b', 'b', 'v'], ['n'], [float('epsilon', 1e-5)]),
      node('Relu', ['n'], ['r']),
      node('MaxPool', ['r'], ['y'], [intList('kernel_shape', [2, 2]), text('auto_pad', 'SAME_UPPER')]),
    ],
    initializer: [
      floats('w', [3, 2, 3, 3]),
      floats('b', [3]),
      { name: 'v', dims: [3], dataType: 1, floatData: [1, 2, 3] },
    ],
  }),
  model({
    node: [
      node('Shape', ['x'], ['s']),
      node('Gather', ['s', 'zero'], ['n'], [int('axis', 0)]),
      node('Unsqueeze', ['n', 'axes'], ['nv']),
      node('Concat', ['nv', 'rest'], ['to'], [int('axis', 0)]),
      node('Reshape', ['x', 'to'], ['t']),
      node('MatMul', ['t', 'm'], ['p']),
      node('Softmax', ['p'], ['q'], [int('axis', -1)]),
      node('Slice', ['q', 'zeros', 'two', 'axes'], ['l']),
      node('Expand', ['l', 'shape'], ['y']),
    ],
    initializer: [
      ints('zero', [], [0]),
      ints('axes', [1], [0]),
      ints('zeros', [1], [0]),
      ints('two', [1], [2]),
      ints('rest', [3], [2, 4, -1]),
      ints('shape', [4], [1, 2, 4, 4]),
      floats('m', [4, 4]),
    ],
  }),
  model({
    node: [
      node(
        'If',
        ['yes'],
        ['i'],
        [
          body('then_branch', { node: [node('Neg', ['x'], ['t'])], output: names('t') }),
          body('else_branch', { node: [node('Abs', ['x'], ['t'])], output: names('t') }),
        ],
      ),
      node(
        'Loop',
        ['three', 'yes', 'i'],
        ['l', 'scan'],
        [
          body('body', {
            input: names('k', 'go', 'a'),
            node: [node('Identity', ['go'], ['on']), node('Add', ['a', 'x'], ['s'])],
            output: names('on', 's', 's'),
          }),
        ],
      ),
      node('SequenceConstruct', ['l', 'x'], ['q']),
      node('ConcatFromSequence', ['q'], ['y'], [int('axis', 1)]),
    ],
    initializer: [{ name: 'yes', dims: [], dataType: 9, int32Data: [1] }, ints('three', [], [3])],
  }),
  model(
    {
      node: [
        { ...node('Twice', ['x'], ['t'], [float('by', 2)]), domain: 'local', name: 'call' },
        { ...node('Twice', ['t'], ['y']), domain: 'local' },
      ],
    },
    17,
    {
      opsetImport: [{ version: 17 }, { domain: 'local', version: 1 }],
      functions: [
        {
          domain: 'local',
          name: 'Twice',
          input: ['a'],
          output: ['b'],
          attribute: ['by'],
          opsetImport: [{ version: 17 }],
          node: [node('LeakyRelu', ['a'], ['b'], [{ name: 'alpha', refAttrName: 'by', type: 1 }])],
        },
      ],
    },
  ),
  model({
    node: [
      node('DequantizeLinear', ['q', 'scale', 'z'], ['w'], [int('axis', 0)]),
      node('QuantizeLinear', ['x', 'one', 'z1'], ['xq']),
      node('DequantizeLinear', ['xq', 'one', 'z1'], ['xd']),
      node('Conv', ['xd', 'w'], ['c']),
      node('Add', ['c', 'sparse'], ['y']),
    ],
    initializer: [
      { name: 'q', dims: [2, 2, 1, 1], dataType: 3, int32Data: [1, -2, 3, -4] },
      floats('scale', [2]),
      { name: 'z', dims: [2], dataType: 3, rawData: Uint8Array.of(0, 1) },
      { name: 'one', dims: [], dataType: 1, floatData: [0.1] },
      { name: 'z1', dims: [], dataType: 2, int32Data: [3] },
    ],
    sparseInitializer: [{ values: { ...floats('sparse', [2]) }, indices: ints('', [2], [0, 3]), dims: [1, 1, 4, 4] }],
  }),
  model({
    node: [
      node(
        'Resize',
        ['x', '', 'scales'],
        ['r'],
        [text('mode', 'cubic'), text('coordinate_transformation_mode', 'half_pixel')],
      ),
      node('Pad', ['r', 'pads'], ['p'], [text('mode', 'reflect')]),
      node('ReduceMean', ['p'], ['m'], [intList('axes', [2, 3])]),
      node('Einsum', ['m', 'e'], ['n'], [text('equation', 'bchw,cd->bdhw')]),
      node('TopK', ['n', 'k'], ['v', 'at'], [int('axis', 1)]),
      node('ScatterElements', ['n', 'at', 'v'], ['s'], [int('axis', 1)]),
      node('CumSum', ['s', 'one'], ['u']),
      node('LRN', ['u'], ['y'], [int('size', 3)]),
    ],
    initializer: [
      { name: 'scales', dims: [4], dataType: 1, floatData: [1, 1, 2, 1.5] },
      ints('pads', [8], [0, 0, 1, 1, 0, 0, 1, 1]),
      floats('e', [2, 3]),
      ints('k', [1], [2]),
      ints('one', [], [1]),
    ],
  }),
  model(
    {
      node: [
        node('Add', ['x', 'b'], ['a'], [int('broadcast', 1), int('axis', 1)]),
        node('Dropout', ['a'], ['d'], [int('is_test', 1)]),
        node('Upsample', ['d'], ['u'], [float('height_scale', 2), float('width_scale', 2)]),
        node('Softmax', ['u'], ['y'], [int('axis', 1)]),
      ],
      initializer: [floats('b', [2])],
    },
    6,
  ),
  model(
    {
      node: [
        node('GroupNormalization', ['x', 'two', 'two'], ['n'], [int('num_groups', 2)]),
        node('SplitToSequence', ['n', 'one'], ['parts'], [int('axis', 1)]),
        node('SequenceAt', ['parts', 'zero'], ['part']),
        node('Trilu', ['part', 'zero'], ['t'], [int('upper', 0)]),
        node('Hardmax', ['t'], ['h'], [int('axis', -1)]),
        node('ArgMax', ['h'], ['a'], [int('axis', -1), int('keepdims', 0)]),
        node('OneHot', ['a', 'depth', 'two'], ['o'], [int('axis', -1)]),
        node('Attention', ['o', 'o', 'o'], ['y'], [int('is_causal', 1)]),
      ],
      initializer: [floats('two', [2]), ints('one', [], [1]), ints('zero', [], [0]), ints('depth', [], [4])],
    },
    23,
  ),
]
