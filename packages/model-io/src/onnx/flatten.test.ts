import { float32, optimize, toNumbers } from '@tacojs/graph'
import { parseOnnx } from './parse.js'
import { onnx, type GraphProto, type ModelProto, type NodeProto, type TensorProto } from './proto.js'

const value = (name: string, ...dims: (number | string)[]) => ({
  name,
  type: {
    tensorType: {
      elemType: 1,
      shape: { dim: dims.map((d) => (typeof d === 'number' ? { dimValue: d } : { dimParam: d })) },
    },
  },
})
const node = (opType: string, input: string[], output: string[], more: NodeProto = {}): NodeProto => ({
  opType,
  input,
  output,
  ...more,
})
const floats = (name: string, dims: number[], floatData: number[]): TensorProto => ({
  name,
  dims,
  dataType: 1,
  floatData,
})
const truth = (name: string, is: boolean): TensorProto => ({ name, dims: [], dataType: 9, int32Data: [is ? 1 : 0] })
const bodies = (then: GraphProto, otherwise: GraphProto): NodeProto => ({
  attribute: [
    { name: 'then_branch', type: 5, g: then },
    { name: 'else_branch', type: 5, g: otherwise },
  ],
})

function parse(graph: GraphProto, more: ModelProto = {}) {
  const whole: GraphProto = { name: 'g', input: [value('x', 'N', 2)], output: [value('y', 'N', 2)], ...graph }
  return parseOnnx(
    onnx.ModelProto.encode({ irVersion: 8, opsetImport: [{ version: 17 }], graph: whole, ...more }).finish(),
  )
}

const shapeOf = (graph: ReturnType<typeof parse>) =>
  graph.nodes.map((n) => [n.op, ...n.inputs, '→', ...n.outputs].join(' '))

test('functions: defaults and references of attributes, an output that is an input, an absent input', () => {
  const functions = [
    {
      domain: 'local',
      name: 'Scaled',
      input: ['a', 'limit'],
      output: ['b', 'a'],
      attribute: ['slope'],
      attributeProto: [{ name: 'power', type: 1, f: 2 }],
      opsetImport: [{ version: 17 }],
      node: [
        node('LeakyRelu', ['t'], ['b'], { attribute: [{ name: 'alpha', refAttrName: 'slope', type: 1 }] }),
        node('Clip', ['a', '', 'limit'], ['t']),
      ],
    },
  ]
  const graph = parse(
    {
      node: [
        node('Scaled', ['x'], ['p', 'q'], {
          domain: 'local',
          name: 'one',
          attribute: [{ name: 'slope', type: 1, f: 0.5 }],
        }),
        node('Scaled', ['p', 'six'], ['t', ''], { domain: 'local', name: 'two' }),
        node('Add', ['t', 'q'], ['y']),
      ],
      initializer: [floats('six', [], [6])],
    },
    { functions, opsetImport: [{ version: 17 }, { domain: 'local', version: 1 }] },
  )
  expect(shapeOf(graph)).toEqual([
    'Clip x → one/t',
    'LeakyRelu one/t → p',
    'Identity x → q',
    'Clip p  six → two/t',
    'LeakyRelu two/t → t',
    'Add t q → y',
  ])
  expect(graph.nodes.filter((n) => n.op === 'LeakyRelu').map((n) => n.attributes)).toEqual([{ alpha: 0.5 }, {}])
})

test('If: a constant, nested, an initializer and an outer value as outputs', () => {
  const inner: GraphProto = {
    node: [node('Mul', ['x', 'w'], ['r'])],
    initializer: [floats('w', [2], [3, 4])],
    output: [{ name: 'r' }],
  }
  const outer: GraphProto = {
    node: [node('If', ['no'], ['r'], { name: 'in', ...bodies({ output: [{ name: 'x' }] }, inner) })],
    output: [{ name: 'r' }],
  }
  const constant: GraphProto = { initializer: [floats('c', [2], [1, 1])], output: [{ name: 'c' }] }
  const graph = parse({
    node: [
      node('Add', ['d', 'e'], ['y']),
      node('If', ['yes'], ['a'], { name: 'out', ...bodies(outer, constant) }),
      node('If', ['no'], ['b'], bodies(outer, constant)),
      node('If', ['yes'], ['c'], bodies({ output: [{ name: 'x' }] }, constant)),
      node('Add', ['a', 'b'], ['d']),
      node('Neg', ['c'], ['e']),
    ],
    initializer: [truth('yes', true), truth('no', false)],
  })
  expect(shapeOf(graph)).toEqual(['Mul x out/in/w → a', 'Add a b → d', 'Identity x → c', 'Neg c → e', 'Add d e → y'])
  expect(toNumbers(graph.initializers.get('b')!.tensor)).toEqual([1, 1])
})

test('If: a condition that follows from shapes, as exporters write it for squeeze', () => {
  const nodes = (dim: string, index: number) =>
    [
      node('Shape', ['x'], ['s']),
      node('Gather', ['s', 'i'], ['n']),
      node('Equal', ['n', 'two'], ['cond']),
      node(
        'If',
        ['cond'],
        ['y'],
        bodies(
          { node: [node('Relu', ['x'], ['r'])], output: [{ name: 'r' }] },
          { node: [node('Neg', ['x'], ['r'])], output: [{ name: 'r' }] },
        ),
      ),
    ].map((n) => ({ ...n, name: `${dim}${n.opType}${index}` }))
  const ints = (name: string, v: number): TensorProto => ({ name, dims: [], dataType: 7, int64Data: [v] })
  const graph = (index: number) => parse({ node: nodes('a', index), initializer: [ints('i', index), ints('two', 2)] })
  expect(graph(1).nodes.map((n) => n.op)).toEqual(['Shape', 'Gather', 'Equal', 'Relu'])
  expect(() => graph(0)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }))
})

test('functions that multiply without end are refused, chains of them too', () => {
  const doubling = Array.from({ length: 40 }, (_, i) => ({
    domain: 'local',
    name: `f${i}`,
    input: ['a'],
    output: ['c'],
    opsetImport: [{ version: 17 }, { domain: 'local', version: 1 }],
    node:
      i === 0
        ? [node('Neg', ['a'], ['c'])]
        : [node(`f${i - 1}`, ['a'], ['b'], { domain: 'local' }), node(`f${i - 1}`, ['b'], ['c'], { domain: 'local' })],
  }))
  const call = { node: [node('f39', ['x'], ['y'], { domain: 'local' })] }
  const opsetImport = [{ version: 17 }, { domain: 'local', version: 1 }]
  expect(() => parse(call, { functions: doubling, opsetImport })).toThrow(
    expect.objectContaining({ code: 'UNSUPPORTED' }),
  )
  const chain = Array.from({ length: 100 }, (_, i) => ({
    ...doubling[0]!,
    name: `f${i}`,
    node: i === 0 ? [node('Neg', ['a'], ['c'])] : [node(`f${i - 1}`, ['a'], ['c'], { domain: 'local' })],
  }))
  expect(() =>
    parse({ node: [node('f99', ['x'], ['y'], { domain: 'local' })] }, { functions: chain, opsetImport }),
  ).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }))
})

test('initializers that IR 3 lists as inputs, nodes without or with the same name, dimensions without name', () => {
  const graph = parse({
    input: [value('w', 2), { name: 'x', type: { tensorType: { elemType: 1, shape: { dim: [{}, { dimValue: 2 }] } } } }],
    node: [
      node('Mul', ['x', 'w'], ['a'], { name: 'same' }),
      node('Relu', ['a'], ['b'], { name: 'same' }),
      node('Neg', ['b'], ['y']),
    ],
    initializer: [floats('w', [2], [1, 2])],
  })
  expect(graph.inputs).toEqual([{ name: 'x', dtype: 'float32', shape: ['x_dim_0', 2] }])
  expect(graph.nodes.map((n) => n.name)).toEqual(['same', 'same_2', 'Neg_2'])
  expect(graph.initializers.get('w')!.tensor).toEqual(float32([2], [1, 2]))
})

test('weights that are NaN or infinite are named; one infinite number is a limit', () => {
  const withWeight = (dims: number[], v: number[]): GraphProto => ({
    node: [node('Min', ['x', 'w'], ['y'])],
    initializer: [floats('w', dims, v)],
  })
  for (const bad of [NaN, Infinity]) {
    expect(() => parse(withWeight([2], [0, bad]))).toThrow(
      expect.objectContaining({ code: 'INVALID_WEIGHTS', message: expect.stringContaining('"w"') }),
    )
  }
  expect(() => parse(withWeight([], [NaN]))).toThrow(expect.objectContaining({ code: 'INVALID_WEIGHTS' }))
  expect(parse(withWeight([], [Infinity])).nodes).toHaveLength(1)
})

const scalar = (name: string, v: number): TensorProto => ({ name, dims: [], dataType: 7, int64Data: [v] })
const names = (...list: string[]) => list.map((name) => ({ name }))

test('Loop: a constant number of trips is written out, carried values and stacked ones', () => {
  const body: GraphProto = {
    input: names('i', 'go', 'a'),
    node: [
      node('Identity', ['go'], ['on']),
      node('Add', ['a', 'w'], ['b']),
      node('Cast', ['i'], ['trip'], { attribute: [{ name: 'to', type: 2, i: 1 }] }),
      node('Mul', ['b', 'trip'], ['c']),
    ],
    output: names('on', 'b', 'c'),
  }
  const graph = (trips: TensorProto, go: TensorProto) =>
    parse({
      node: [node('Loop', ['m', 'go', 'x'], ['last', 'y'], { attribute: [{ name: 'body', type: 5, g: body }] })],
      initializer: [floats('w', [2], [3, 4]), trips, go],
      output: [value('last', 'N', 2), value('y', 2, 'N', 2)],
    })
  expect(
    shapeOf(graph(scalar('m', 2), truth('go', true))).filter((n) => /^(Add|Mul|Concat|.*→ last$)/.test(n)),
  ).toEqual([
    'Add x w → last/0/b',
    'Mul last/0/b last/0/trip → last/0/c',
    'Add last/0/b w → last/1/b',
    'Mul last/1/b last/1/trip → last/1/c',
    'Identity last/1/b → last',
    'Concat y/0 y/1 → y',
  ])
  const unsupported = expect.objectContaining({ code: 'UNSUPPORTED' })
  expect(() => graph(scalar('m', 2000), truth('go', true))).toThrow(unsupported)
  expect(() => graph(scalar('m', 2), truth('go', false))).toThrow(unsupported)
})

test('Loop: a number of trips or a condition that depends on the data is refused by name', () => {
  const body: GraphProto = {
    input: names('i', 'go', 'a'),
    node: [node('Less', ['sum', 'limit'], ['on']), node('Neg', ['a'], ['b']), node('ReduceSum', ['a'], ['sum'])],
    output: names('on', 'b'),
  }
  const attribute = [{ name: 'body', type: 5, g: body }]
  const initializer = [floats('limit', [], [1]), truth('go', true)]
  for (const trips of ['', 'n']) {
    const nodes = [
      node('Shape', ['x'], ['s'], { attribute: [{ name: 'end', type: 2, i: 1 }] }),
      node('Squeeze', ['s'], ['n']),
      node('Loop', [trips, 'go', 'x'], ['y'], { attribute }),
    ]
    expect(() => parse({ node: nodes, initializer })).toThrow(/Loop is not supported unless its (number|condition)/)
  }
})

test('sequences: made, extended, taken from and joined', () => {
  const graph = parse({
    node: [
      node('SequenceEmpty', [], ['s0']),
      node('SequenceInsert', ['s0', 'x'], ['s1']),
      node('Neg', ['x'], ['n']),
      node('SequenceInsert', ['s1', 'n', 'zero'], ['s2']),
      node('Identity', ['s2'], ['s3']),
      node('SequenceAt', ['s3', 'minus'], ['first']),
      node('SequenceLength', ['s3'], ['length']),
      node('ConcatFromSequence', ['s3'], ['joined'], { attribute: [{ name: 'axis', type: 2, i: 1 }] }),
      node('SplitToSequence', ['joined', 'two'], ['parts'], { attribute: [{ name: 'axis', type: 2, i: 1 }] }),
      node('SequenceAt', ['parts', 'zero'], ['half']),
      node('Add', ['first', 'half'], ['y']),
    ],
    initializer: [scalar('zero', 0), scalar('minus', -1), scalar('two', 2)],
  })
  expect(shapeOf(graph)).toEqual([
    'Neg x → n',
    'Identity x → first',
    'Concat n x → joined',
    'Split joined parts/sizes → parts/0 parts/1',
    'Identity parts/0 → half',
    'Add first half → y',
  ])
  expect(toNumbers(graph.initializers.get('length')!.tensor)).toEqual([2])
  const outside = [node('SequenceConstruct', ['x'], ['s']), node('SequenceAt', ['s', 'one'], ['y'])]
  expect(() => parse({ node: outside, initializer: [scalar('one', 1)] })).toThrow(/position 1 is outside/)
  const asTensor = [node('SequenceConstruct', ['x'], ['s']), node('Neg', ['s'], ['y'])]
  expect(() => parse({ node: asTensor })).toThrow(/Neg is not supported for sequences/)
})

test('inputs that are no tensors are refused as such', () => {
  const input = [{ name: 'x', type: { sequenceType: {} } }]
  expect(() => parse({ input, node: [node('Neg', ['x'], ['y'])] })).toThrow(
    expect.objectContaining({ code: 'UNSUPPORTED', message: 'input "x" is a sequence, which graphs cannot hold' }),
  )
})

test('functions as onnxscript has them: a reduction that asks for the rank first', () => {
  const ints = (name: string, list: number[]): TensorProto => ({
    name,
    dims: [list.length],
    dataType: 7,
    int64Data: list,
  })
  const constant = (name: string, t: TensorProto): NodeProto =>
    node('Constant', [], [name], { attribute: [{ name: 'value', type: 4, t }] })
  const local = { domain: 'pkg.onnxscript.torch_lib', opsetImport: [{ version: 18 }] }
  const functions = [
    {
      ...local,
      name: 'IsScalar',
      input: ['input'],
      output: ['return_val'],
      node: [
        node('Shape', ['input'], ['shape']),
        node('Size', ['shape'], ['rank']),
        constant('zero', { dims: [], dataType: 7, int64Data: [0] }),
        node('Equal', ['rank', 'zero'], ['return_val']),
      ],
    },
    {
      ...local,
      name: 'aten_mean_dim',
      input: ['self', 'dim'],
      output: ['result'],
      attribute: ['keepdim'],
      opsetImport: [{ version: 18 }, { domain: local.domain, version: 1 }],
      node: [
        node('IsScalar', ['self'], ['cond'], { domain: local.domain }),
        node(
          'If',
          ['cond'],
          ['result'],
          bodies(
            { node: [node('Identity', ['self'], ['r'])], output: [{ name: 'r' }] },
            {
              node: [
                node('ReduceMean', ['self', 'dim'], ['r'], {
                  attribute: [{ name: 'keepdims', refAttrName: 'keepdim', type: 2 }],
                }),
              ],
              output: [{ name: 'r' }],
            },
          ),
        ),
      ],
    },
  ]
  const graph = parse(
    {
      node: [
        node('aten_mean_dim', ['x', 'axes'], ['y'], {
          domain: local.domain,
          attribute: [{ name: 'keepdim', type: 2, i: 0 }],
        }),
      ],
      initializer: [ints('axes', [1])],
      output: [value('y', 'N')],
    },
    { functions, opsetImport: [{ version: 18 }, { domain: local.domain, version: 1 }] },
  )
  expect(graph.nodes.at(-1)).toMatchObject({ op: 'ReduceMean', inputs: ['x', 'axes'], attributes: { keepdims: 0 } })
  expect(optimize(graph).nodes.map((n) => n.op)).toEqual(['ReduceMean'])
})
