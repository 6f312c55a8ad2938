import {
  channelGroups,
  createGraph,
  float32,
  int64,
  node,
  optimize,
  removeUnits,
  withInitializers,
  type ChannelGroup,
  type Graph,
  type Node,
  type Tensor,
} from '@tacojs/graph'
import { difference, random } from '../testing/compare.js'

// both sides in float64 with the same weights: what is left is the order of sums
const TOLERANCE = 1e-12

type Shapes = Record<string, readonly number[]>

const constants = (shapes: Shapes): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(shapes).map(([name, shape], i) => [name, random(shape, 100 + i)]))

function graphOf(
  nodes: Node[],
  initializers: Record<string, Tensor>,
  x: readonly number[],
  y: readonly number[],
): Graph {
  const info = (name: string, shape: readonly number[]) => ({
    name,
    dtype: 'float32' as const,
    shape: ['batch', ...shape],
  })
  return createGraph({ inputs: [info('x', x)], outputs: [info('y', y)], nodes, initializers })
}

const conv = (x: string, name: string, y: string, size = 1, group = 1): Node =>
  node('Conv', [x, `${name}.weight`, `${name}.bias`], [y], {
    attributes: { kernel_shape: [size, size], pads: Array<number>(4).fill((size - 1) / 2), group },
  })

const linear = (x: string, name: string, y: string): Node =>
  node('Linear', [x, `${name}.weight`, `${name}.bias`], [y], { domain: 'ai.tacojs' })

const layerShapes = (name: string, rows: number, ...cols: number[]): Shapes => ({
  [`${name}.weight`]: [rows, ...cols],
  [`${name}.bias`]: [rows],
})

const reshape = (x: string, shape: string, y: string): Node => node('Reshape', [x, shape], [y])
const transpose = (x: string, y: string, ...perm: number[]): Node =>
  node('Transpose', [x], [y], { attributes: { perm } })
const ints = (...values: number[]): Tensor => int64([values.length], values)

/** The graph with the columns of some units set to zero in the group's consumer. */
function silenced(graph: Graph, { consumer, units }: ChannelGroup, chosen: readonly number[]): Graph {
  const { shape, data } = graph.initializers.get(consumer.weight)!.tensor
  const weights = (data as Float32Array).slice()
  for (const unit of chosen) {
    for (const column of units[unit]!.columns) {
      for (let row = 0; row < consumer.rows; row++) weights[row * consumer.cols + column] = 0
    }
  }
  return withInitializers(graph, new Map([[consumer.weight, float32(shape, weights)]]))
}

/** Every second unit, one unit, and all but what has to stay. */
const selections = ({ units, wholes }: ChannelGroup): number[][] => {
  const all = units.map((_, i) => i)
  return [all.filter((i) => i % 2 === 1), [all.length - 1], all.filter((i) => !wholes.some((set) => set[0] === i))]
}

/** 'producer+… > consumer: units × columns' of each group. */
const summary = (groups: readonly ChannelGroup[]): string[] =>
  groups.map((g) => `${g.producers.join('+')} > ${g.consumer.name}: ${g.units.length}×${g.units[0]!.columns.length}`)

/** Removal is silence, for each group by itself and for all of them one after the other. */
function checkRemoval(graph: Graph): string[] {
  const groups = channelGroups(graph)
  for (const group of groups) {
    const columns = group.units.flatMap((unit) => unit.columns)
    expect([...columns].sort((a, b) => a - b)).toEqual(Array.from({ length: group.consumer.cols }, (_, i) => i))
    expect(group.exact).toBe(true)
    for (const units of selections(group)) {
      const smaller = removeUnits(graph, group, units)
      expect(difference(silenced(graph, group, units), smaller)).toBeLessThan(TOLERANCE)
      const gone = units.reduce((sum, unit) => sum + group.units[unit]!.columns.length, 0)
      const weight = smaller.initializers.get(group.consumer.weight)!.tensor
      expect(weight.data.length).toBe(group.consumer.rows * (group.consumer.cols - gone))
    }
  }
  let [expected, smaller] = [graph, graph]
  for (const group of groups) {
    const [units] = selections(group) as [number[]]
    expected = silenced(expected, group, units)
    smaller = removeUnits(smaller, group, units)
  }
  expect(difference(expected, smaller)).toBeLessThan(TOLERANCE)
  return summary(groups)
}

/** A skip around some nodes from x to `branch`, then a head: what makes the layers between prunable. */
const residual = (nodes: Node[], initializers: Record<string, Tensor>, channels: number, size = 5): Graph =>
  graphOf(
    [
      conv('x', 'stem', 'a'),
      ...nodes,
      node('Add', ['a', 'branch'], ['sum']),
      node('GlobalAveragePool', ['sum'], ['pooled']),
      node('Flatten', ['pooled'], ['flat']),
      linear('flat', 'head', 'y'),
    ],
    {
      ...initializers,
      ...constants({ ...layerShapes('stem', channels, 3, 1, 1), ...layerShapes('head', 4, channels) }),
    },
    [3, size, size],
    [4],
  )

describe('convolutions', () => {
  test('basic block, its normalisation not folded', () => {
    const variance = float32([6], [0.5, 1, 2, 0.1, 3, 0.7])
    const nodes = [
      conv('a', 'conv1', 'b', 3),
      node('BatchNormalization', ['b', 'scale', 'shift', 'mean', 'variance'], ['c']),
      node('Relu', ['c'], ['d']),
      conv('d', 'conv2', 'branch', 3),
    ]
    const shapes = { ...layerShapes('conv1', 6, 8, 3, 3), ...layerShapes('conv2', 8, 6, 3, 3) }
    const parameters = { scale: [6], shift: [6], mean: [6] }
    const graph = residual(nodes, { ...constants({ ...shapes, ...parameters }), variance }, 8)
    expect(checkRemoval(graph)).toEqual(['b > conv2: 6×9'])
    expect(checkRemoval(optimize(graph))).toEqual(['b > conv2: 6×9'])
  })

  test('bottleneck with SiLU and pooling', () => {
    const nodes = [
      conv('a', 'conv1', 'b'),
      node('Sigmoid', ['b'], ['gate']),
      node('Mul', ['gate', 'b'], ['c']),
      conv('c', 'conv2', 'd', 3),
      node('MaxPool', ['d'], ['e'], { attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1] } }),
      conv('e', 'conv3', 'branch'),
    ]
    const shapes = {
      ...layerShapes('conv1', 4, 8, 1, 1),
      ...layerShapes('conv2', 5, 4, 3, 3),
      ...layerShapes('conv3', 8, 5, 1, 1),
    }
    expect(checkRemoval(residual(nodes, constants(shapes), 8))).toEqual(['b > conv2: 4×9', 'd > conv3: 5×1'])
  })

  test.each([
    ['depthwise', 6, 'b > conv3: 6×1'],
    ['depthwise with two outputs a channel', 12, 'b > conv3: 6×2'],
  ])('%s', (_name, rows, expected) => {
    const nodes = [
      conv('a', 'conv1', 'b'),
      conv('b', 'conv2', 'c', 3, 6),
      node('Clip', ['c', 'low', 'high'], ['d']),
      conv('d', 'conv3', 'branch'),
    ]
    const shapes = {
      ...layerShapes('conv1', 6, 8, 1, 1),
      ...layerShapes('conv2', rows, 1, 3, 3),
      ...layerShapes('conv3', 8, rows, 1, 1),
    }
    const bounds = { low: float32([], [0]), high: float32([], [6]) }
    expect(checkRemoval(residual(nodes, { ...constants(shapes), ...bounds }, 8))).toEqual([expected])
  })

  test('a grouped convolution loses whole groups', () => {
    const nodes = [
      conv('a', 'conv1', 'b'),
      node('Relu', ['b'], ['c']),
      conv('c', 'conv2', 'd', 3, 4),
      conv('d', 'conv3', 'branch'),
    ]
    const shapes = {
      ...layerShapes('conv1', 8, 8, 1, 1),
      ...layerShapes('conv2', 12, 2, 3, 3),
      ...layerShapes('conv3', 8, 12, 1, 1),
    }
    expect(checkRemoval(residual(nodes, constants(shapes), 8))).toEqual(['b > conv3: 4×3'])
  })

  test('branches that are concatenated, each from a layer of its own', () => {
    const nodes = [
      conv('a', 'left', 'b'),
      conv('a', 'right', 'c', 3),
      node('Concat', ['b', 'c'], ['d'], { attributes: { axis: 1 } }),
      conv('d', 'last', 'branch'),
    ]
    const shapes = {
      ...layerShapes('left', 3, 8, 1, 1),
      ...layerShapes('right', 4, 8, 3, 3),
      ...layerShapes('last', 8, 7, 1, 1),
    }
    const graph = residual(nodes, constants(shapes), 8)
    expect(checkRemoval(graph)).toEqual(['b+c > last: 7×1'])
    // there are no tensors without channels: of each branch one stays
    const [group] = channelGroups(graph)
    expect(group!.wholes).toEqual([
      [0, 1, 2],
      [3, 4, 5, 6],
    ])
    expect(() => removeUnits(graph, group!, [0, 1, 2, 5])).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: "the units 0, 1, 2, all of a branch, before 'last' would go; keep at least one",
      }),
    )
  })

  test('channels of which each is a branch by itself stay', () => {
    const nodes = [
      ...['b', 'c', 'd'].map((name) => conv('a', name, name)),
      node('Concat', ['b', 'c', 'd'], ['e'], { attributes: { axis: 1 } }),
      conv('e', 'last', 'branch'),
    ]
    const layers = ['b', 'c', 'd'].map((name) => layerShapes(name, 1, 8, 1, 1))
    const shapes: Shapes = Object.assign({}, ...layers, layerShapes('last', 8, 3, 1, 1))
    expect(channelGroups(residual(nodes, constants(shapes), 8))).toEqual([])
  })

  test('what a Squeeze takes away is what had one element before', () => {
    const nodes = [
      conv('a', 'conv1', 'b', 3),
      node('GlobalAveragePool', ['b'], ['c']),
      node('Squeeze', ['c'], ['d']),
      linear('d', 'fc', 'e'),
      node('Unsqueeze', ['e', 'places'], ['branch']),
    ]
    const shapes = { ...layerShapes('conv1', 4, 8, 3, 3), ...layerShapes('fc', 8, 4) }
    expect(checkRemoval(residual(nodes, { ...constants(shapes), places: ints(2, 3) }, 8))).toEqual(['b > fc: 4×1'])
  })

  test('places that a Slice states keep their type', () => {
    const int32 = (value: number): Tensor => ({ dtype: 'int32', shape: [1], data: Int32Array.of(value) })
    const nodes = [
      conv('a', 'both', 'z', 3),
      node('Slice', ['z', 'zero', 'three', 'one'], ['p']),
      node('Slice', ['z', 'three', 'end', 'one'], ['q']),
      node('Mul', ['p', 'q'], ['r']),
      conv('r', 'conv2', 'branch'),
    ]
    const places = { zero: int32(0), three: int32(3), end: int32(99), one: int32(1) }
    const shapes = { ...layerShapes('both', 6, 8, 3, 3), ...layerShapes('conv2', 8, 3, 1, 1) }
    const graph = residual(nodes, { ...constants(shapes), ...places }, 8)
    expect(checkRemoval(graph)).toEqual(['z > conv2: 3×1'])
    const smaller = removeUnits(graph, channelGroups(graph)[0]!, [0])
    const stated = smaller.nodes.flatMap(({ op, inputs }) => (op === 'Slice' ? inputs.slice(1) : []))
    expect(stated.map((name) => smaller.initializers.get(name)!.tensor.dtype)).toEqual(Array(6).fill('int32'))
  })

  test('layers that nothing reads are no consumers; a constant that is an output as well stays', () => {
    const nodes = [
      conv('a', 'conv1', 'b'),
      conv('b', 'conv2', 'branch'),
      conv('a', 'dead1', 'd1'),
      conv('d1', 'dead2', 'd2'),
    ]
    const shapes = Object.assign(
      {},
      ...['conv1', 'conv2', 'dead1', 'dead2'].map((name) => layerShapes(name, 8, 8, 1, 1)),
    )
    const graph = residual(nodes, constants(shapes), 8)
    const shown = {
      ...graph,
      outputs: [...graph.outputs, { name: 'conv1.bias', dtype: 'float32' as const, shape: [8] }],
    }
    expect(checkRemoval(shown)).toEqual(['b > conv2: 8×1'])
  })

  test('a channel that a Linear sees at every place', () => {
    const nodes = [
      conv('x', 'first', 'a'),
      conv('a', 'second', 'b', 3),
      node('Flatten', ['b'], ['c']),
      linear('c', 'third', 'd'),
      linear('d', 'fourth', 'y'),
    ]
    const shapes = {
      ...layerShapes('first', 5, 3, 1, 1),
      ...layerShapes('second', 4, 5, 3, 3),
      ...layerShapes('third', 6, 4 * 9),
      ...layerShapes('fourth', 2, 6),
    }
    expect(checkRemoval(graphOf(nodes, constants(shapes), [3, 3, 3], [2]))).toEqual([
      'a > second: 5×9',
      'b > third: 4×9',
    ])
  })

  test('channels that a gate sums over as well stay', () => {
    const nodes = [
      conv('a', 'conv1', 'b'),
      node('GlobalAveragePool', ['b'], ['squeezed']),
      conv('squeezed', 'down', 'c'),
      node('Relu', ['c'], ['d']),
      conv('d', 'up', 'e'),
      node('Sigmoid', ['e'], ['gate']),
      node('Mul', ['b', 'gate'], ['f']),
      conv('f', 'conv2', 'branch'),
    ]
    const shapes = {
      ...layerShapes('conv1', 6, 8, 1, 1),
      ...layerShapes('down', 2, 6, 1, 1),
      ...layerShapes('up', 6, 2, 1, 1),
      ...layerShapes('conv2', 8, 6, 1, 1),
    }
    expect(channelGroups(residual(nodes, constants(shapes), 8))).toEqual([])
  })

  test('a bias or a normalisation that other layers use as well is copied, not changed', () => {
    const nodes = [
      conv('a', 'conv1', 'b', 3),
      node('Mul', ['b', 'both'], ['c']),
      conv('c', 'conv2', 'd', 3),
      node('Mul', ['d', 'both'], ['e']),
      conv('e', 'conv3', 'branch', 3),
    ].map((n) => ({ ...n, inputs: n.inputs.map((i) => (i === 'conv2.bias' || i === 'conv3.bias' ? 'conv1.bias' : i)) }))
    const shapes = Object.assign({ both: [8, 1, 1] }, ...[1, 2, 3].map((i) => layerShapes(`conv${i}`, 8, 8, 3, 3)))
    expect(checkRemoval(residual(nodes, constants(shapes), 8))).toEqual(['b > conv2: 8×9', 'd > conv3: 8×9'])
  })
})

/** A block of a transformer of 4 tokens and 12 features: x → Linear, a skip around the nodes, head. */
const block = (nodes: Node[], initializers: Record<string, Tensor>): Graph =>
  graphOf(
    [linear('x', 'embed', 'a'), ...nodes, node('Add', ['a', 'branch'], ['sum']), linear('sum', 'head', 'y')],
    { ...initializers, ...constants({ ...layerShapes('embed', 12, 7), ...layerShapes('head', 3, 12) }) },
    [4, 7],
    [4, 3],
  )

describe('attention', () => {
  const scores = (q: string, k: string, v: string, out: string): Node[] => [
    transpose(k, 'kt', 0, 1, 3, 2),
    node('MatMul', [q, 'kt'], ['scores']),
    node('Mul', ['scores', 'scale'], ['scaled']),
    node('Add', ['scaled', 'position'], ['biased']),
    node('Softmax', ['biased'], ['p'], { attributes: { axis: -1 } }),
    node('MatMul', ['p', v], [out]),
  ]
  const end = [
    ...scores('q', 'k', 'v', 'o'),
    transpose('o', 'u', 0, 2, 1, 3),
    reshape('u', 'flat', 'w'),
    linear('w', 'proj', 'branch'),
  ]
  const common = {
    scale: float32([], [0.5]),
    flat: ints(0, 4, 12),
    position: random([1, 3, 4, 4], 9),
    ...constants(layerShapes('proj', 12, 12)),
  }

  test('three layers', () => {
    const heads = ['q', 'k', 'v'].flatMap((name) => [
      linear('a', `to.${name}`, `${name}0`),
      reshape(`${name}0`, 'heads', `${name}1`),
      transpose(`${name}1`, name, 0, 2, 1, 3),
    ])
    const layers = Object.assign({}, ...['q', 'k', 'v'].map((name) => layerShapes(`to.${name}`, 12, 12)))
    const graph = block([...heads, ...end], { ...common, ...constants(layers), heads: ints(0, 4, 3, 4) })
    expect(checkRemoval(graph)).toEqual(['q0+k0+v0 > proj: 3×4'])
    expect(checkRemoval(optimize(graph))).toEqual(['q0+k0+v0 > proj: 3×4'])
  })

  const fused = { ...common, ...constants(layerShapes('qkv', 36, 12)) }
  const forms: [string, Node[], Record<string, Tensor>][] = [
    [
      'Split of five dimensions',
      [
        reshape('z', 'five', 'z5'),
        transpose('z5', 'z6', 2, 0, 3, 1, 4),
        node('Split', ['z6', 'ones'], ['q6', 'k6', 'v6'], { attributes: { axis: 0 } }),
        ...['q', 'k', 'v'].map((name) => node('Squeeze', [`${name}6`, 'zero'], [name])),
      ],
      { five: ints(0, 4, 3, 3, 4), ones: ints(1, 1, 1), zero: ints(0) },
    ],
    [
      'Gather, with a size left open',
      [
        reshape('z', 'five', 'z5'),
        transpose('z5', 'z6', 2, 0, 3, 1, 4),
        ...['q', 'k', 'v'].map((name, i) => node('Gather', ['z6', `at${i}`], [name], { attributes: { axis: 0 } })),
      ],
      { five: ints(0, 4, 3, -1, 4), at0: int64([], [0]), at1: int64([], [1]), at2: int64([], [-1]) },
    ],
    [
      'Split of the features, sizes not stated',
      [
        node('Split', ['z'], ['q0', 'k0', 'v0'], { attributes: { axis: -1, num_outputs: 3 } }),
        ...['q', 'k', 'v'].flatMap((name) => [
          reshape(`${name}0`, 'heads', `${name}1`),
          transpose(`${name}1`, name, 0, 2, 1, 3),
        ]),
      ],
      { heads: ints(0, 4, 3, 4) },
    ],
    [
      'Slice of the features',
      ['q', 'k', 'v'].flatMap((name, i) => [
        node('Slice', ['z', `at${i}`, `at${i + 1}`, 'last'], [`${name}0`]),
        reshape(`${name}0`, 'heads', `${name}1`),
        transpose(`${name}1`, name, 0, 2, 1, 3),
      ]),
      { heads: ints(0, 4, 3, 4), at0: ints(0), at1: ints(12), at2: ints(-12), at3: ints(2 ** 31), last: ints(-1) },
    ],
  ]
  test.each(forms)('one layer for all, %s', (_name, nodes, more) => {
    const graph = block([linear('a', 'qkv', 'z'), ...nodes, ...end], { ...fused, ...more })
    expect(checkRemoval(graph)).toEqual(['z > proj: 3×4'])
    const optimized = optimize(graph)
    expect(optimized.nodes.some((n) => n.op === 'Attention')).toBe(true)
    expect(checkRemoval(optimized)).toEqual(['z > proj: 3×4'])
  })
})

describe('one value in several roles', () => {
  const own = { domain: 'ai.tacojs', attributes: { scale: 0.5 } } as const
  const shapes = { ...layerShapes('q', 6, 12), ...layerShapes('kv', 6, 12), ...layerShapes('proj', 12, 6) }

  test.each([
    ['keys that are the values', node('Attention', ['q', 'kv', 'kv'], ['o'], own)],
    ['all the same', node('Attention', ['kv', 'kv', 'kv'], ['o'], own)],
  ])('an attention with %s sums over them', (_name, attention) => {
    const nodes = [linear('a', 'q', 'q'), linear('a', 'kv', 'kv'), attention, linear('o', 'proj', 'branch')]
    expect(channelGroups(block(nodes, constants(shapes)))).toEqual([])
  })

  test('heads of it go as a whole', () => {
    const nodes = [
      linear('a', 'kv', 'e'),
      reshape('e', 'heads', 'e1'),
      transpose('e1', 'h', 0, 2, 1, 3),
      node('Attention', ['h', 'h', 'h'], ['o'], own),
      transpose('o', 'o1', 0, 2, 1, 3),
      reshape('o1', 'flat', 'o2'),
      linear('o2', 'proj', 'branch'),
    ]
    const graph = block(nodes, { ...constants(shapes), heads: ints(0, 0, 2, 3), flat: ints(0, 0, -1) })
    expect(checkRemoval(graph)).toEqual(['e > proj: 2×3'])
  })

  test('a product with itself sums over them, a sum with itself does not', () => {
    const layers = { ...layerShapes('e', 4, 12), ...layerShapes('proj', 12, 4) }
    const of = (op: string) =>
      block([linear('a', 'e', 'e'), node(op, ['e', 'e'], ['o']), linear('o', 'proj', 'branch')], constants(layers))
    expect(channelGroups(of('MatMul'))).toEqual([])
    expect(checkRemoval(of('Mul'))).toEqual(['e > proj: 4×1'])
  })
})

test('a Split of another axis keeps the number of its parts', () => {
  const nodes = [
    linear('a', 'qkv', 'z'),
    reshape('z', 'five', 'z5'),
    transpose('z5', 'z6', 2, 0, 3, 1, 4),
    node('Split', ['z6'], ['q6', 'k6', 'v6'], { attributes: { axis: 0, num_outputs: 3 } }),
    ...['q', 'k', 'v'].map((name) => node('Squeeze', [`${name}6`, 'zero'], [name])),
    node('Attention', ['q', 'k', 'v'], ['o'], { domain: 'ai.tacojs', attributes: { scale: 0.5 } }),
    transpose('o', 'u', 0, 2, 1, 3),
    reshape('u', 'flat', 'w'),
    linear('w', 'proj', 'branch'),
  ]
  const shapes = { ...layerShapes('qkv', 36, 12), ...layerShapes('proj', 12, 12) }
  const sizes = { five: ints(0, 4, 3, 3, 4), zero: ints(0), flat: ints(0, 4, 12) }
  const graph = block(nodes, { ...constants(shapes), ...sizes })
  expect(checkRemoval(graph)).toEqual(['z > proj: 3×4'])
  const split = removeUnits(graph, channelGroups(graph)[0]!, [0]).nodes.find(({ op }) => op === 'Split')!
  expect([split.inputs, split.attributes]).toEqual([['z6'], { axis: 0, num_outputs: 3 }])
})

test('a size that a Reshape copies from an axis that shrinks is written down', () => {
  const nodes = [
    linear('x', 'f0', 'a'),
    linear('a', 'f1', 'z'),
    transpose('z', 'zt', 0, 2, 1),
    reshape('zt', 'shape', 'r'),
    transpose('r', 'r2', 0, 1, 3, 2),
    linear('r2', 'f2', 'o'),
    linear('o', 'f3', 'y'),
  ]
  const layers = {
    ...layerShapes('f0', 5, 7),
    ...layerShapes('f1', 6, 5),
    ...layerShapes('f2', 4, 3),
    ...layerShapes('f3', 3, 4),
  }
  const graph = graphOf(nodes, { ...constants(layers), shape: ints(0, 2, 0, 3) }, [3, 7], [2, 3, 3])
  expect(checkRemoval(graph)).toContain('z > f2: 3×1')
})

describe('hidden units', () => {
  test('GELU', () => {
    const gelu = node('Gelu', ['b'], ['c'], { domain: 'ai.tacojs' })
    const nodes = [linear('a', 'fc1', 'b'), gelu, linear('c', 'fc2', 'd')]
    const scale = node('LayerScale', ['d', 'gamma'], ['branch'], { domain: 'ai.tacojs' })
    const shapes = { ...layerShapes('fc1', 9, 12), ...layerShapes('fc2', 12, 9), gamma: [12] }
    expect(checkRemoval(block([...nodes, scale], constants(shapes)))).toEqual(['b > fc2: 9×1'])
  })

  test.each([
    ['two layers', [linear('a', 'gate', 'b'), linear('a', 'value', 'c')], ['gate', 'value'], 'b+c > fc2: 9×1'],
    [
      'one layer, cut in two',
      [linear('a', 'both', 'z'), node('Split', ['z', 'halves'], ['b', 'c'], { attributes: { axis: -1 } })],
      ['both'],
      'z > fc2: 9×1',
    ],
  ] as [string, Node[], string[], string][])('SwiGLU of %s', (_name, nodes, names, expected) => {
    const rest = [
      node('Sigmoid', ['b'], ['s']),
      node('Mul', ['b', 's'], ['t']),
      node('Mul', ['t', 'c'], ['u']),
      linear('u', 'fc2', 'branch'),
    ]
    const layers = Object.assign({}, ...names.map((name) => layerShapes(name, 18 / names.length, 12)))
    const graph = block([...nodes, ...rest], {
      ...constants({ ...layers, ...layerShapes('fc2', 12, 9) }),
      halves: ints(9, 9),
    })
    expect(checkRemoval(graph)).toEqual([expected])
  })

  test('ConvNeXt: depthwise, normalisation, two pointwise layers; the stream stays', () => {
    const nodes = [
      conv('a', 'dw', 'b', 3, 8),
      transpose('b', 'c', 0, 2, 3, 1),
      node('LayerNormalization', ['c', 'norm.weight', 'norm.bias'], ['d']),
      linear('d', 'pw1', 'e'),
      node('Gelu', ['e'], ['f'], { domain: 'ai.tacojs' }),
      linear('f', 'pw2', 'g'),
      transpose('g', 'branch', 0, 3, 1, 2),
    ]
    const shapes = {
      ...layerShapes('dw', 8, 1, 3, 3),
      ...layerShapes('norm', 8),
      ...layerShapes('pw1', 10, 8),
      ...layerShapes('pw2', 8, 10),
    }
    expect(checkRemoval(residual(nodes, constants(shapes), 8))).toEqual(['e > pw2: 10×1'])
  })

  test('a mean over the units is over those that stay', () => {
    // Woo et al. 2023 (ConvNeXt V2), global response normalisation, and a LayerNormalization of hidden units
    const build = (kept: readonly number[]): Graph => {
      const cut = (name: string, axis: 0 | 1, shape: readonly number[], seed: number): [string, Tensor] => {
        const full = random(shape, seed).data as Float32Array
        const inner = axis === 0 ? full.length / shape[0]! : 1
        const rows = axis === 0 ? 1 : shape[0]!
        const values: number[] = []
        for (let row = 0; row < rows; row++) {
          for (const k of kept) values.push(...full.slice((row * 10 + k) * inner, (row * 10 + k + 1) * inner))
        }
        return [name, float32(axis === 0 ? [kept.length, ...shape.slice(1)] : [shape[0]!, kept.length], values)]
      }
      const nodes = [
        linear('a', 'pw1', 'b'),
        node('ReduceL2', ['b', 'places'], ['norms']),
        node('ReduceMean', ['norms', 'last'], ['mean']),
        node('Div', ['norms', 'mean'], ['c']),
        node('Mul', ['b', 'c'], ['d']),
        node('Mul', ['d', 'gamma'], ['e']),
        node('Add', ['e', 'b'], ['f']),
        node('LayerNormalization', ['f', 'ln'], ['g']),
        linear('g', 'pw2', 'branch'),
      ]
      return block(nodes, {
        ...Object.fromEntries([
          cut('pw1.weight', 0, [10, 12], 31),
          cut('pw1.bias', 0, [10], 32),
          cut('gamma', 0, [10], 33),
          cut('ln', 0, [10], 34),
          cut('pw2.weight', 1, [12, 10], 35),
        ]),
        'pw2.bias': random([12], 36),
        places: ints(1),
        last: ints(-1),
      })
    }
    const graph = build([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    const [group] = channelGroups(graph)
    expect(summary([group!])).toEqual(['b > pw2: 10×1'])
    expect(group!.exact).toBe(false)
    expect(difference(build([0, 2, 3, 7, 8]), removeUnits(graph, group!, [1, 4, 5, 6, 9]))).toBeLessThan(TOLERANCE)
  })
})
