import {
  createGraph,
  float32,
  gradient,
  inferTypes,
  int64,
  node,
  sizeOf,
  toNumbers,
  validateGraph,
  type Graph,
  type Node,
  type Tensor,
} from '@tacojs/graph'
import { network, type Builder } from './cases/network.js'
import { createRandom } from './cases/random.js'
import { runOracle } from './oracle/index.js'
import { convnextBlock } from './cases/networks/convnext.js'
import { attention, vit, vitBlock, type VitSpec } from './cases/networks/vit.js'
import { own } from './cases/networks/parts.js'
import { basicBlock, bottleneckBlock, resnet } from './cases/networks/resnet.js'

type Values = Record<string, Tensor>
type Shapes = Readonly<Record<string, readonly number[]>>

const double = (shape: readonly number[], values: ArrayLike<number>): Tensor => ({
  dtype: 'float64',
  shape,
  data: Float64Array.from(values),
})

/** The graph with float64 inputs: the oracle then takes steps that float32 cannot hold. */
const wide = (graph: Graph): Graph => ({
  ...graph,
  inputs: graph.inputs.map((input) => ({ ...input, dtype: 'float64' as const })),
})

/**
 * The largest difference between the gradients of Σ r·y and central differences in float64, element by element, over the
 * largest difference quotient. Steps of 1e-5 leave errors near 1e-10; constants of gradient graphs are float32, so rules
 * with irrational ones are right to 1e-7.
 */
function worstError(graph: Graph, inputs: Values, wrt: readonly string[], places = Infinity): number {
  const of = graph.outputs[0]!.name
  const made = gradient(graph, { of, seed: 'r', wrt })
  validateGraph(made.graph)
  const types = inferTypes(made.graph)
  for (const [name, output] of made.gradients)
    expect(types.get(output)!.shape).toEqual(inferTypes(graph).get(name)!.shape)
  expect(made.graph.inputs.map((i) => i.name)).toEqual([...graph.inputs.map((i) => i.name), 'r'])
  const given = Object.fromEntries(Object.entries(inputs).map(([k, t]) => [k, double(t.shape, toNumbers(t))]))
  const forward = wide(graph)
  const y = runOracle(forward, given)[of]!
  const random = createRandom(of)
  const r = Array.from({ length: y.data.length }, () => 2 * random() - 1)
  const gradients = runOracle(wide(made.graph), { ...given, r: double(y.shape, r) })
  const project = (values: Values): number =>
    toNumbers(runOracle(forward, values)[of]!).reduce((sum, v, i) => sum + v * r[i]!, 0)
  const h = 1e-5
  let [worst, largest] = [0, 0]
  for (const name of wrt) {
    const x = given[name]!
    const dx = toNumbers(gradients[made.gradients.get(name)!]!)
    expect(dx).toHaveLength(x.data.length)
    const stride = Math.max(1, Math.floor(dx.length / places))
    for (let i = 0; i < dx.length; i += stride) {
      const moved = (by: number): number => {
        const data = (x.data as Float64Array).slice()
        data[i]! += by
        return project({ ...given, [name]: { ...x, data } as Tensor })
      }
      const quotient = (moved(h) - moved(-h)) / (2 * h)
      worst = Math.max(worst, Math.abs(dx[i]! - quotient))
      largest = Math.max(largest, Math.abs(quotient))
    }
  }
  return worst / largest
}

interface Options {
  readonly range?: number
  /** With the first dimension of all inputs symbolic. */
  readonly batch?: boolean
  readonly wrt?: readonly string[]
  readonly tolerance?: number
  readonly places?: number
}

/** A test: the gradients of what `write` computes, by default with respect to all inputs. */
function check(name: string, shapes: Shapes, write: (b: Builder) => string, options: Options = {}): void {
  const { range = 1, batch = false, wrt = Object.keys(shapes), tolerance = 3e-7, places } = options
  test(name, () => {
    const sizes = batch ? [Object.values(shapes)[0]![0]!] : undefined
    const c = network(`gradient/${name}`, shapes, write, { range, ...(sizes ? { batches: sizes } : {}) })
    expect(worstError(c.graph(), c.inputs(), wrt, places)).toBeLessThan(tolerance)
  })
}

describe('functions of one element', () => {
  const x = { x: [3, 7] }
  for (const [op, attributes] of [
    ['Relu'],
    ['LeakyRelu', { alpha: 0.2 }],
    ['Elu', { alpha: 0.7 }],
    ['Selu'],
    ['HardSigmoid', { alpha: 0.4, beta: 0.3 }],
    ['HardSwish'],
    ['Sigmoid'],
    ['Tanh'],
    ['Softplus'],
    ['Erf'],
    ['Exp'],
    ['Reciprocal'],
    ['Neg'],
    ['Abs'],
    ['Sin'],
    ['Cos'],
    ['Identity'],
  ] as const)
    check(op, x, ({ add }) => add(op, ['x'], attributes), { range: 5, batch: true })
  for (const op of ['Log', 'Sqrt'])
    check(op, x, ({ add, scalar }) => add(op, [add('Add', [add('Exp', ['x']), scalar(0.25)])]))
  for (const approximate of ['none', 'tanh'])
    check(`Gelu ${approximate}`, x, ({ add }) => add('Gelu', ['x'], { approximate }, own), { range: 5, batch: true })
  check('Clip', x, ({ add, scalar }) => add('Clip', ['x', scalar(-0.5), scalar(0.25)]))
  check('Clip from below', x, ({ add, scalar }) => add('Clip', ['x', scalar(-0.5)]))
  check('Clip from above', x, ({ add, scalar }) => add('Clip', ['x', '', scalar(0.25)]))
  check('PRelu', x, ({ add, weight }) => add('PRelu', ['x', weight(7)]))
  for (const p of [2, 3, 0.5, -1.5])
    check(`Pow ${p}`, x, ({ add, scalar }) => add('Pow', [add('Exp', ['x']), scalar(p)]), { batch: true })
  check('Cast to the same type', x, ({ add }) => add('Cast', ['x'], { to: 1 }))
  test('Gelu far from zero, in finite numbers', () => {
    const c = network('gradient/far', x, ({ add }) => add('Gelu', ['x'], {}, own))
    const { graph, gradients } = gradient(c.graph(), { of: c.graph().outputs[0]!.name, seed: 'r', wrt: ['x'] })
    const far = [-1e4, -100, -30, 0, 30, 100, 1e4]
    const values = float32([3, 7], [...far, ...far, ...far])
    const dx = runOracle(graph, { x: values, r: float32([3, 7], new Float32Array(21).fill(1)) })[gradients.get('x')!]!
    const slopes = toNumbers(dx).slice(0, 7)
    expect(slopes.map((v) => Number(v.toFixed(12)) + 0)).toEqual([0, 0, 0, 0.5, 1, 1, 1])
  })
})

describe('arithmetic', () => {
  const forms: [string, Shapes, boolean][] = [
    ['equal shapes', { a: [3, 5], b: [3, 5] }, true],
    ['a row', { a: [3, 2, 5], b: [5] }, false],
    ['ones in the middle and in front', { a: [3, 2, 5], b: [1, 2, 1] }, false],
    ['fewer dimensions with a one', { a: [3, 2, 5], b: [2, 1] }, false],
    ['both repeated', { a: [3, 1, 5], b: [2, 1] }, false],
    ['a single element', { a: [2, 3], b: [1] }, false],
  ]
  for (const [what, shapes, batch] of forms) {
    for (const op of ['Add', 'Sub', 'Mul', 'Sum', 'Mean'])
      check(`${op}, ${what}`, shapes, ({ add }) => add(op, ['a', 'b']), { batch })
    check(`Div, ${what}`, shapes, ({ add }) => add('Div', ['a', add('Exp', ['b'])]), { batch })
  }
  check(
    'a constant with a one in front of a symbolic batch',
    { x: [3, 4, 2] },
    (b) => b.add('Mul', [b.add('Add', ['x', b.weight(1, 4, 2)]), 'x']),
    { batch: true },
  )
  check(
    'a value by itself, used three times',
    { x: [3, 4] },
    ({ add }) => add('Add', [add('Mul', ['x', 'x']), add('Div', ['x', add('Exp', ['x'])])]),
    { batch: true },
  )
  check('LayerScale', { x: [2, 3, 4] }, (b) => b.add('LayerScale', ['x', b.weight(4)], {}, own), { batch: true })
  check('Where', { a: [2, 3], b: [3] }, (b) =>
    b.add('Where', [b.add('Greater', [b.weight(2, 3), b.scalar(0)]), 'a', 'b']),
  )
  check(
    'a chain with a gate: SiLU and SwiGLU',
    { x: [2, 3, 5] },
    (b) => {
      const [a, g] = b.addMany('Split', [b.add('Linear', ['x', b.weight(8, 5)], {}, own), b.longs(4, 4)], 2, {
        axis: -1,
      })
      return b.add('Mul', [a!, b.add('Mul', [g!, b.add('Sigmoid', [g!])])])
    },
    { batch: true },
  )
})

describe('products', () => {
  const forms: [string, Shapes][] = [
    ['matrices', { a: [3, 4], b: [4, 5] }],
    ['batches', { a: [2, 3, 4], b: [2, 4, 5] }],
    ['a matrix for all', { a: [2, 3, 4], b: [4, 5] }],
    ['repeated on both sides', { a: [2, 1, 3, 4], b: [3, 4, 2] }],
    ['vector by matrix', { a: [4], b: [4, 5] }],
    ['matrix by vector', { a: [3, 4], b: [4] }],
    ['batch by vector', { a: [2, 3, 4], b: [4] }],
    ['vector by batch', { a: [4], b: [2, 4, 5] }],
    ['vectors', { a: [4], b: [4] }],
  ]
  for (const [what, shapes] of forms) check(`MatMul, ${what}`, shapes, ({ add }) => add('MatMul', ['a', 'b']))
  check('MatMul by a constant', { x: [3, 2, 4] }, (b) => b.add('MatMul', ['x', b.weight(4, 6)]), { batch: true })
  check('Linear', { x: [3, 2, 4] }, (b) => b.add('Linear', ['x', b.weight(6, 4), b.weight(6)], {}, own), {
    batch: true,
  })
  for (const transA of [0, 1]) {
    for (const transB of [0, 1]) {
      const shapes = { a: transA ? [4, 3] : [3, 4], b: transB ? [5, 4] : [4, 5], c: [3, 1] }
      check(`Gemm ${transA}${transB}`, shapes, ({ add }) =>
        add('Gemm', ['a', 'b', 'c'], { alpha: 0.5, beta: 2, transA, transB }),
      )
    }
  }
})

describe('convolutions', () => {
  const forms: [string, number[], number[], Record<string, number | number[]>][] = [
    ['3×3', [2, 3, 5, 6], [4, 3, 3, 3], { pads: [1, 1, 1, 1] }],
    ['without padding', [1, 2, 5, 6], [3, 2, 3, 2], {}],
    ['uneven padding', [1, 2, 5, 4], [3, 2, 3, 3], { pads: [2, 0, 1, 3] }],
    ['more padding than kernel', [1, 2, 3, 4], [3, 2, 2, 2], { pads: [3, 2, 4, 3] }],
    ['strides', [2, 3, 7, 8], [4, 3, 3, 3], { pads: [1, 1, 1, 1], strides: [2, 2] }],
    ['unequal strides', [1, 3, 7, 8], [4, 3, 3, 4], { pads: [1, 2, 0, 1], strides: [2, 3] }],
    ['1×1 with stride', [2, 3, 5, 6], [4, 3, 1, 1], { strides: [2, 2] }],
    ['patches', [2, 3, 8, 12], [4, 3, 4, 4], { strides: [4, 4] }],
    ['patches that leave a rest', [1, 3, 10, 7], [4, 3, 4, 4], { strides: [4, 4] }],
    ['stride beyond the kernel', [1, 2, 11, 10], [3, 2, 2, 2], { strides: [4, 3] }],
    ['dilations', [1, 2, 8, 9], [3, 2, 3, 3], { dilations: [2, 3], pads: [2, 3, 2, 3] }],
    ['dilations and strides', [1, 2, 9, 11], [3, 2, 3, 3], { dilations: [2, 3], strides: [2, 2], pads: [1, 2, 3, 0] }],
    ['much padding and strides', [1, 2, 5, 5], [2, 2, 2, 2], { strides: [2, 3], pads: [4, 5, 5, 4] }],
    ['groups', [2, 4, 5, 6], [6, 2, 3, 3], { group: 2, pads: [1, 1, 1, 1] }],
    ['groups and strides', [2, 4, 5, 6], [6, 2, 3, 3], { group: 2, strides: [2, 2], pads: [1, 1, 1, 1] }],
    ['depthwise', [2, 4, 7, 6], [4, 1, 5, 5], { group: 4, pads: [2, 2, 2, 2] }],
    ['depthwise with strides', [1, 4, 7, 6], [8, 1, 3, 3], { group: 4, strides: [2, 2], pads: [1, 1, 1, 1] }],
    ['one dimension', [2, 3, 9], [4, 3, 3], { pads: [1, 1], strides: [2] }],
  ]
  for (const [what, x, w, attributes] of forms)
    check(`Conv, ${what}`, { x }, (b) => b.add('Conv', ['x', b.weight(...w), b.weight(w[0]!)], attributes), {
      batch: true,
      range: 1,
    })
  check('Conv with automatic padding', { x: [1, 2, 7, 6] }, (b) =>
    b.add('Conv', ['x', b.weight(3, 2, 3, 4)], { auto_pad: 'SAME_UPPER', strides: [2, 2] }),
  )
})

describe('attention', () => {
  const shapes = { q: [2, 3, 5, 4], k: [2, 3, 7, 4], v: [2, 3, 7, 6] }
  const scale = 0.7
  check('queries, keys, values', shapes, ({ add }) => add('Attention', ['q', 'k', 'v'], { scale }, own), {
    batch: true,
  })
  check('values only', shapes, ({ add }) => add('Attention', ['q', 'k', 'v'], { scale }, own), { wrt: ['v'] })
  for (const bias of [[2, 3, 5, 7], [1, 3, 5, 7], [5, 1], [7]])
    check(`a bias of [${bias.join()}]`, { ...shapes, bias }, ({ add }) =>
      add('Attention', ['q', 'k', 'v', 'bias'], { scale }, own),
    )
  check(
    'a bias that repeats queries and keys',
    { q: [1, 1, 5, 4], k: [1, 1, 7, 4], v: [2, 3, 7, 6], bias: [2, 1, 1, 7] },
    (b) => b.add('Attention', ['q', 'k', 'v', 'bias'], { scale }, own),
  )
  check('keys and values for all heads', { ...shapes, k: [2, 1, 7, 4], v: [1, 3, 7, 6] }, ({ add }) =>
    add('Attention', ['q', 'k', 'v'], { scale }, own),
  )
  const spec: VitSpec = { form: 'own', cut: 'Gather', tokens: 5, heads: 2, width: 8 }
  for (const cut of ['Gather', 'Split', 'Split of the last axis'] as const) {
    for (const form of ['own', 'exported'] as const)
      check(`a layer cut by ${cut}, ${form}`, { x: [2, 5, 8] }, (b) => attention(b, { ...spec, form, cut }, 'x'), {
        batch: true,
      })
  }
  check(
    'normalised queries and keys, rotated by position',
    { x: [2, 2, 5, 4], v: [2, 2, 5, 4] },
    (b) => {
      const part = (x: string): string => {
        const normal = b.add('LayerNormalization', [x, b.weight(4), b.weight(4)], { axis: -1 })
        const [first, second] = b.addMany('Split', [normal, b.longs(2, 2)], 2, { axis: -1 })
        const half = b.add('Concat', [b.add('Neg', [second!]), first!], { axis: -1 })
        return b.add('Add', [b.add('Mul', [normal, b.weight(5, 4)]), b.add('Mul', [half, b.weight(5, 4)])])
      }
      return b.add('Attention', [part('x'), part('x'), 'v'], { scale: 0.5 }, own)
    },
    { batch: true },
  )
})

describe('normalisation', () => {
  for (const axis of [-1, 1])
    check(
      `LayerNormalization from axis ${axis}`,
      { x: [3, 4, 5] },
      (b) => {
        const shape = axis === -1 ? [5] : [4, 5]
        return b.add('LayerNormalization', ['x', b.weight(...shape), b.weight(...shape)], { axis, epsilon: 1e-2 })
      },
      { batch: true },
    )
  check(
    'InstanceNormalization',
    { x: [2, 3, 4, 5] },
    (b) => b.add('InstanceNormalization', ['x', b.weight(3), b.weight(3)]),
    { batch: true },
  )
  check(
    'BatchNormalization',
    { x: [2, 3, 4, 5] },
    (b) => b.add('BatchNormalization', ['x', b.weight(3), b.weight(3), b.weight(3), b.numbers([3], 0.5, 2)]),
    { batch: true },
  )
  for (const op of ['Softmax', 'LogSoftmax'])
    for (const axis of [-1, 1])
      check(`${op} ${axis}`, { x: [3, 4, 5] }, ({ add }) => add(op, ['x'], { axis }), { batch: true, range: 2 })
})

describe('reductions', () => {
  for (const op of ['ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceL2', 'ReduceSumSquare']) {
    for (const keepdims of [0, 1]) {
      check(`${op} ${keepdims}`, { x: [3, 4, 5] }, ({ add, longs }) => add(op, ['x', longs(-1, 1)], { keepdims }), {
        batch: true,
      })
      check(`${op} of all ${keepdims}`, { x: [3, 4] }, ({ add }) => add(op, ['x'], { keepdims }))
    }
  }
  check('ReduceSum over the batch', { x: [3, 4] }, ({ add, longs }) => add('ReduceSum', ['x', longs(0)]), {
    batch: true,
  })
  check('no axes at all', { x: [3, 4] }, ({ add }) => add('ReduceSum', ['x'], { noop_with_empty_axes: 1 }))
  for (const op of ['ReduceSum', 'ReduceMax', 'ReduceL2', 'ReduceSumSquare'])
    check(`${op} of a number`, { x: [1] }, ({ add, longs }) => add(op, [add('Squeeze', ['x', longs(0)])]))
  for (const op of ['GlobalAveragePool', 'GlobalMaxPool'])
    check(op, { x: [2, 3, 4, 5] }, ({ add }) => add(op, ['x']), { batch: true })
  test('the norm of zeros has the gradient zero', () => {
    const c = network('gradient/norm', { x: [2, 3] }, ({ add, longs }) => add('ReduceL2', ['x', longs(1)]))
    const { graph, gradients } = gradient(c.graph(), { of: c.graph().outputs[0]!.name, seed: 'r', wrt: ['x'] })
    const values = { x: float32([2, 3], [0, 0, 0, 3, 0, 4]), r: float32([2, 1], [1, 1]) }
    const dx = toNumbers(runOracle(graph, values)[gradients.get('x')!]!)
    expect(dx.map((v) => Number(v.toFixed(9)))).toEqual([0, 0, 0, 0.6, 0, 0.8])
  })
  check(
    'global response normalisation',
    { x: [2, 4, 5, 3] },
    (b) => {
      const norm = b.add('ReduceL2', ['x', b.longs(1, 2)], { keepdims: 1 })
      const mean = b.add('ReduceMean', [norm, b.longs(-1)], { keepdims: 1 })
      const response = b.add('Mul', ['x', b.add('Div', [norm, b.add('Add', [mean, b.scalar(1e-6)])])])
      return b.add('Add', ['x', b.add('Add', [b.weight(3), b.add('Mul', [response, b.weight(3)])])])
    },
    { batch: true },
  )
})

describe('shapes and parts', () => {
  const x = { x: [2, 4, 6] }
  const batch = { batch: true }
  check(
    'Reshape',
    x,
    ({ add, longs }) => add('Mul', [add('Reshape', ['x', longs(-1, 3, 2)]), add('Reshape', ['x', longs(-1, 3, 2)])]),
    batch,
  )
  check('Flatten', x, ({ add }) => add('Flatten', ['x']), batch)
  check(
    'Squeeze and Unsqueeze',
    { x: [2, 1, 3] },
    ({ add, longs }) => add('Unsqueeze', [add('Squeeze', ['x', longs(1)]), longs(0, -1)]),
    batch,
  )
  check('Transpose', x, ({ add }) => add('Transpose', ['x'], { perm: [1, 2, 0] }), batch)
  check('Transpose reversed', x, ({ add }) => add('Transpose', ['x']), batch)
  check('Expand', { x: [2, 1, 3] }, ({ add, longs }) => add('Expand', ['x', longs(4, 1, 5, 3)]))
  check('ExpandBatch', { token: [1, 1, 3], x: [3, 2, 3] }, ({ add }) =>
    add('Concat', [add('ExpandBatch', ['token', 'x'], {}, own), 'x'], { axis: 1 }),
  )
  check(
    'Concat of a constant token',
    { x: [3, 2, 3] },
    (b) => b.add('Concat', [b.add('ExpandBatch', [b.weight(1, 1, 3), 'x'], {}, own), 'x'], { axis: 1 }),
    batch,
  )
  check('Concat twice the same', x, ({ add }) => add('Concat', ['x', 'x', 'x'], { axis: 2 }), batch)
  for (const [what, bounds] of [
    ['one stretch', [[1], [3], [1], [1]]],
    [
      'two axes',
      [
        [1, 2],
        [3, 5],
        [1, 2],
        [1, 1],
      ],
    ],
    [
      'steps',
      [
        [0, 1],
        [4, 6],
        [1, 2],
        [2, 3],
      ],
    ],
    ['backwards', [[-1], [-100], [2], [-1]]],
  ] as const)
    check(`Slice, ${what}`, x, ({ add, longs }) => add('Slice', ['x', ...bounds.map((b) => longs(...b))]), batch)
  check(
    'overlapping slices',
    x,
    ({ add, longs }) =>
      add('Mul', [
        add('Slice', ['x', longs(0), longs(4), longs(2)]),
        add('Slice', ['x', longs(2), longs(6), longs(2)]),
      ]),
    batch,
  )
  check(
    'slices that leave gaps',
    x,
    ({ add, longs }) =>
      add('Mul', [
        add('Slice', ['x', longs(1), longs(2), longs(2)]),
        add('Slice', ['x', longs(3), longs(5), longs(2)]),
      ]),
    batch,
  )
  check(
    'Split with parts that nobody uses',
    x,
    ({ add, addMany, longs }) => {
      const parts = addMany('Split', ['x', longs(1, 2, 1, 2)], 4, { axis: 2 })
      return add('Mul', [parts[1]!, parts[3]!])
    },
    batch,
  )
  check(
    'Split in equal parts',
    x,
    ({ add, addMany }) => add('Div', addMany('Split', [add('Exp', ['x'])], 3, { axis: 2 }).slice(0, 2)),
    batch,
  )
  for (const [what, index] of [
    ['one', int64([], [2])],
    ['from the end', int64([], [-1])],
    ['some', int64([2], [3, 1])],
    ['repeated, in two dimensions', int64([2, 2], [3, 1, 3, 3])],
    ['one in a list', int64([1], [2])],
  ] as const)
    check(`Gather, ${what}`, x, ({ add, value }) => add('Gather', ['x', value(index)], { axis: 1 }), batch)
  check(
    'Gather of parts',
    x,
    ({ add, value }) => {
      const [a, b] = [0, 3].map((i) => add('Gather', ['x', value(int64([], [i]))], { axis: 1 }))
      return add('Mul', [a!, b!])
    },
    batch,
  )
  for (const mode of ['constant', 'reflect', 'edge'])
    check(
      `Pad ${mode}`,
      { x: [2, 3, 5, 4] },
      ({ add, longs }) => add('Pad', ['x', longs(0, 0, 2, 1, 0, 0, 3, 2)], { mode }),
      batch,
    )
  check(
    'Pad of some axes, cutting one',
    x,
    ({ add, longs }) => add('Pad', ['x', longs(1, -1, 0, 2), '', longs(1, 2)]),
    batch,
  )
  check('DepthToSpace', { x: [2, 8, 3, 2] }, ({ add }) => add('DepthToSpace', ['x'], { blocksize: 2 }), batch)
  check('SpaceToDepth', { x: [2, 3, 4, 6] }, ({ add }) => add('SpaceToDepth', ['x'], { blocksize: 2 }), batch)
})

describe('pooling', () => {
  for (const [what, attributes] of [
    ['apart', { kernel_shape: [2, 2], strides: [2, 2] }],
    ['overlapping', { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }],
    ['of stride 1', { kernel_shape: [3, 2], pads: [1, 0, 1, 1] }],
    ['that leaves a rest', { kernel_shape: [2, 2], strides: [3, 3] }],
    ['with a last window over the edge', { kernel_shape: [3, 2], strides: [2, 3], ceil_mode: 1 }],
    ['dilated', { kernel_shape: [2, 2], dilations: [2, 3] }],
  ] as const) {
    for (const op of ['MaxPool', 'AveragePool'])
      check(`${op} ${what}`, { x: [2, 3, 7, 8] }, ({ add }) => add(op, ['x'], attributes), { batch: true })
  }
  check(
    'AveragePool that counts its padding',
    { x: [2, 3, 7, 8] },
    ({ add }) =>
      add('AveragePool', ['x'], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], count_include_pad: 1 }),
    { batch: true },
  )
  check(
    'blurred pooling',
    { x: [2, 3, 7, 8] },
    (b) =>
      b.add('Conv', [b.add('Pad', ['x', b.longs(0, 0, 1, 1, 0, 0, 1, 1)], { mode: 'reflect' }), b.weight(3, 1, 3, 3)], {
        group: 3,
        strides: [2, 2],
      }),
    { batch: true },
  )
  test('of equal elements the first one takes the gradient', () => {
    const c = network('gradient/ties', { x: [1, 1, 2, 2] }, ({ add }) =>
      add('MaxPool', ['x'], { kernel_shape: [2, 2] }),
    )
    const { graph, gradients } = gradient(c.graph(), { of: c.graph().outputs[0]!.name, seed: 'r', wrt: ['x'] })
    const dx = runOracle(graph, { x: float32([1, 1, 2, 2], [0, 5, 5, 5]), r: float32([1, 1, 1, 1], [3]) })
    expect(toNumbers(dx[gradients.get('x')!]!)).toEqual([0, 3, 0, 0])
  })
})

describe('blocks and networks', () => {
  const spec: VitSpec = { form: 'own', cut: 'Split', tokens: 5, heads: 2, width: 8 }
  const options = { batch: true, places: 24 }
  check('a transformer block with layer scale', { x: [2, 5, 8] }, (b) => vitBlock(b, spec, 'x', true), options)
  check('a ConvNeXt block', { x: [2, 4, 8, 7] }, (b) => convnextBlock(b, 'own', 'x', 4), options)
  check('a basic block', { x: [2, 4, 7, 8] }, (b) => basicBlock(b, 'x', 4, 6, 2), options)
  check('a bottleneck block', { x: [2, 8, 5, 6] }, (b) => bottleneckBlock(b, 'x', 8, 8, 1), options)
  check(
    'squeeze-excite and channel attention',
    { x: [2, 6, 5, 4] },
    (b) => {
      const pooled = b.add('ReduceMean', ['x', b.longs(2, 3)], { keepdims: 1 })
      const gate = b.add('Conv', [b.add('Relu', [b.add('Conv', [pooled, b.weight(3, 6, 1, 1)])]), b.weight(6, 3, 1, 1)])
      const excited = b.add('Mul', ['x', b.add('HardSigmoid', [gate])])
      const line = b.add('Reshape', [b.add('GlobalAveragePool', [excited]), b.longs(0, 1, -1)])
      const eca = b.add('Sigmoid', [b.add('Conv', [line, b.weight(1, 1, 3)], { pads: [1, 1] })])
      return b.add('Mul', [excited, b.add('Reshape', [eca, b.longs(0, -1, 1, 1)])])
    },
    options,
  )
  check('ViT by its class token', { x: [2, 3, 8, 12] }, (b) => vit(b, 'own', 'class token'), options)
  check('ViT by the mean of its tokens', { x: [2, 3, 8, 12] }, (b) => vit(b, 'own', 'mean of tokens'), options)
  check('ResNet with its stem', { x: [2, 3, 31, 28] }, (b) => resnet(b, basicBlock), { ...options, places: 12 })
})

describe('values inside', () => {
  const c = network(
    'gradient/inside',
    { x: [2, 4] },
    (b) => {
      const first = b.add('Linear', ['x', b.weight(5, 4)], {}, own)
      const second = b.add('Linear', [b.add('Relu', [first]), b.weight(3, 5)], {}, own)
      return b.add('Linear', [b.add('Tanh', [second]), b.weight(2, 3)], {}, own)
    },
    { batches: [2] },
  )
  const graph = c.graph()
  const linears = graph.nodes.filter((n) => n.op === 'Linear')
  const of = graph.outputs[0]!.name
  test('the gradient of a layer is that of its output as an input', () => {
    const wrt = linears.map((n) => n.outputs[0]!)
    const made = gradient(graph, { of, seed: 'r', wrt })
    const r = float32([2, 2], [1, -2, 0.5, 3])
    const all = runOracle(made.graph, { ...c.inputs(), r })
    for (const name of wrt) {
      const alone = gradient(graph, { of, seed: 'r', wrt: [name] })
      expect(runOracle(alone.graph, { ...c.inputs(), r })[alone.gradients.get(name)!]).toEqual(
        all[made.gradients.get(name)!],
      )
    }
    expect(all[made.gradients.get(of)!]!.data).toEqual(Float64Array.from(r.data))
  })
  test('nothing else is kept: weights by name, no layer after the last value, nothing before the first', () => {
    const made = gradient(graph, { of, seed: 'r', wrt: [linears[1]!.outputs[0]!] })
    expect(made.graph.nodes.map((n) => n.op)).toEqual([
      'Linear',
      'Relu',
      'Linear',
      'Tanh',
      'MatMul',
      'Mul',
      'Sub',
      'Mul',
    ])
    for (const [name, initializer] of made.graph.initializers)
      if (graph.initializers.has(name)) expect(initializer).toBe(graph.initializers.get(name))
    expect(sizeOf(made.graph.initializers.get(linears[2]!.inputs[1]!)!.tensor.shape)).toBe(6)
  })
  test.each([
    [{ of, seed: 'r', wrt: ['nowhere'] }, 'INVALID_ARGUMENT', 'nowhere'],
    [{ of, seed: 'x', wrt: ['x'] }, 'INVALID_ARGUMENT', "'x'"],
    [{ of: linears[0]!.outputs[0]!, seed: 'r', wrt: [of] }, 'INVALID_ARGUMENT', 'does not depend'],
    [{ of, seed: 'r', wrt: [linears[0]!.inputs[1]!] }, 'UNSUPPORTED', linears[0]!.name],
  ])('%j is refused', (options, code, words) => {
    expect(() => gradient(graph, options)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(words) }),
    )
  })
  test('what cannot be followed is refused, and not left out of the sum', () => {
    const refused = (nodes: Node[], initializers: Record<string, Tensor>, code: string, words: string) => {
      const inputs = [{ name: 'x', dtype: 'float32' as const, shape: ['batch', 3] }]
      const outputs = [{ name: 'y', dtype: 'float32' as const, shape: ['batch', 3] }]
      const graph = createGraph({ inputs, outputs, nodes, initializers })
      expect(() => gradient(graph, { of: 'y', seed: 'r', wrt: ['x'] })).toThrow(
        expect.objectContaining({ code, message: expect.stringContaining(words) }),
      )
    }
    const cast = (x: string, y: string, to: number) => node('Cast', [x], [y], { attributes: { to } })
    const double = [
      cast('x', 'd', 11),
      node('Mul', ['d', 'd'], ['dd']),
      cast('dd', 's', 1),
      node('Add', ['x', 's'], ['y']),
    ]
    refused(double, {}, 'UNSUPPORTED', "'dd' is float64")
    const halves = { attributes: { axis: 0 } }
    refused(
      [node('Split', ['x', 'sizes'], ['a', 'b'], halves), node('Concat', ['b', 'a'], ['y'], halves)],
      { sizes: int64([2], [1, 1]) },
      'UNSUPPORTED',
      "the dimension 'batch'",
    )
    const picked = node('Gather', ['x', 'at'], ['y'], { attributes: { axis: 1 } })
    for (const index of [3, -4])
      refused([picked], { at: int64([3], [0, index, 1]) }, 'INVALID_MODEL', `index ${index} is outside of 3`)
  })
  test('an operator without a rule is refused only where it lies in between', () => {
    const rounded = network('gradient/round', { x: [2, 3] }, (b) =>
      b.add('Mul', [b.add('Round', [b.add('Neg', ['x'])]), b.scalar(2)]),
    ).graph()
    const [neg, round] = rounded.nodes
    const options = { of: rounded.outputs[0]!.name, seed: 'r' }
    expect(() => gradient(rounded, { ...options, wrt: [neg!.outputs[0]!] })).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED', message: expect.stringContaining(`'${round!.name}' (Round)`) }),
    )
    expect(gradient(rounded, { ...options, wrt: [round!.outputs[0]!] }).gradients.size).toBe(1)
  })
})
