import {
  createGraph,
  float32,
  gradient,
  inferTypes,
  int64,
  node,
  type Domain,
  type Graph,
  type Node,
  type Tensor,
} from '@tacojs/graph'
import * as tf from '@tensorflow/tfjs-core'
import { tfjs } from './index.js'
import { registerGradients } from './testing/autodiff.js'

const random = (shape: readonly number[], seed: number, scale = 1): Tensor => {
  let state = seed
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    return scale * (2 * (state / 0x7fffffff) - 1)
  })
  return float32(shape, data)
}

const own: Domain = 'ai.tacojs'

const graphOf = (x: Tensor, nodes: readonly Node[], initializers: Record<string, Tensor>): Graph => {
  const inputs = [{ name: 'x', dtype: 'float32' as const, shape: ['batch', ...x.shape.slice(1)] }]
  const graph = createGraph({ inputs, outputs: [], nodes, initializers })
  const type = inferTypes(graph).get('y')!
  return { ...graph, outputs: [{ name: 'y', ...type }] }
}

const onTfjs = (t: Tensor): tf.Tensor => tf.tensor(t.data as Float32Array, [...t.shape])

/**
 * Gradients of Σ r·y by the graph and by tfjs's tape. The tape gets a tensor of zeros to add to each value of `inside`,
 * whose gradient is that value's.
 */
async function compare(
  graph: Graph,
  x: Tensor,
  inside: Readonly<Record<string, readonly number[]>>,
  block: (
    x: tf.Tensor,
    w: Readonly<Record<string, tf.Tensor>>,
    at: (name: string, value: tf.Tensor) => tf.Tensor,
  ) => tf.Tensor,
): Promise<void> {
  const wrt = ['x', ...Object.keys(inside)]
  const made = gradient(graph, { of: 'y', seed: 'r', wrt })
  const weights = Object.fromEntries([...graph.initializers].map(([name, { tensor }]) => [name, tensor]))
  const values = Object.fromEntries(
    Object.entries(weights).flatMap(([name, t]) => (t.dtype === 'float32' ? [[name, onTfjs(t)]] : [])),
  )
  const zeros = Object.values(inside).map((shape) => tf.zeros([...shape]))
  const names = Object.keys(inside)
  const run = (given: tf.Tensor, ...shifts: tf.Tensor[]): tf.Tensor =>
    block(given, values, (name, value) => tf.add(value, shifts[names.indexOf(name)]!))
  const shape = run(onTfjs(x), ...zeros).shape
  const r = random(shape, 99)
  const expected = tf.grads(run)([onTfjs(x), ...zeros], onTfjs(r))
  const program = await tfjs({ engine: 'cpu' }).compile(made.graph)
  const out = await program.run({ x, r })
  wrt.forEach((name, i) => {
    const actual = out[made.gradients.get(name)!]!
    expect(actual.shape).toEqual(expected[i]!.shape)
    const tape = Array.from(expected[i]!.dataSync())
    const largest = Math.max(...tape.map(Math.abs))
    const worst = Math.max(...tape.map((v, k) => Math.abs(v - (actual.data[k] as number))))
    expect(largest).toBeGreaterThan(1e-3)
    // single precision on both sides, sums of up to a few hundred products one after the other
    expect(worst).toBeLessThan(1e-5 * largest)
  })
  program.dispose()
}

beforeAll(async () => {
  registerGradients([
    ...['Add', 'Sub', 'Multiply', 'RealDiv', 'Sqrt', 'Erf', 'Relu', 'Softmax', 'Sum', 'Reshape', 'Transpose', 'SplitV'],
    ...['PadV2', 'Unpack'],
  ])
  await tfjs({ engine: 'cpu' }).compile(graphOf(random([1, 1], 1), [node('Neg', ['x'], ['y'])], {}))
  await tf.setBackend('cpu')
})

test('a transformer block: the gradients that the tape of tfjs gives', async () => {
  const [batch, tokens, width, heads] = [2, 5, 12, 3]
  const size = width / heads
  const x = random([batch, tokens, width], 1)
  const split = int64([3], [1, 1, 1])
  const shape = int64([5], [-1, tokens, 3, heads, size])
  const weights = {
    g1: random([width], 2),
    b1: random([width], 3),
    qkv: random([3 * width, width], 4, 0.5),
    qkvBias: random([3 * width], 5),
    proj: random([width, width], 6, 0.5),
    g2: random([width], 7),
    b2: random([width], 8),
    fc1: random([4 * width, width], 9, 0.5),
    fc1Bias: random([4 * width], 10),
    fc2: random([width, 4 * width], 11, 0.5),
  }
  const norm = { attributes: { axis: -1, epsilon: 1e-6 } }
  const nodes = [
    node('LayerNormalization', ['x', 'g1', 'b1'], ['n1'], norm),
    node('Linear', ['n1', 'qkv', 'qkvBias'], ['all'], { domain: own }),
    node('Reshape', ['all', 'shape'], ['apart']),
    node('Transpose', ['apart'], ['turned'], { attributes: { perm: [2, 0, 3, 1, 4] } }),
    node('Split', ['turned', 'split'], ['q1', 'k1', 'v1'], { attributes: { axis: 0 } }),
    ...['q', 'k', 'v'].map((name) => node('Squeeze', [`${name}1`, 'first'], [name])),
    node('Attention', ['q', 'k', 'v'], ['heads'], { domain: own, attributes: { scale: size ** -0.5 } }),
    node('Transpose', ['heads'], ['back'], { attributes: { perm: [0, 2, 1, 3] } }),
    node('Reshape', ['back', 'joined'], ['mixed']),
    node('Linear', ['mixed', 'proj'], ['projected'], { domain: own }),
    node('Add', ['x', 'projected'], ['stream']),
    node('LayerNormalization', ['stream', 'g2', 'b2'], ['n2'], norm),
    node('Linear', ['n2', 'fc1', 'fc1Bias'], ['wide'], { domain: own }),
    node('Gelu', ['wide'], ['hidden'], { domain: own }),
    node('Linear', ['hidden', 'fc2'], ['narrow'], { domain: own }),
    node('Add', ['stream', 'narrow'], ['y']),
  ]
  const constants = { ...weights, split, shape, first: int64([1], [0]), joined: int64([3], [-1, tokens, width]) }
  const inside = {
    all: [batch, tokens, 3 * width],
    projected: [batch, tokens, width],
    wide: [batch, tokens, 4 * width],
    narrow: [batch, tokens, width],
  }
  await compare(graphOf(x, nodes, constants), x, inside, (given, w, at) => {
    const mean = (t: tf.Tensor): tf.Tensor => tf.div(tf.sum(t, -1, true), width)
    const normal = (t: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor): tf.Tensor => {
      const centred = tf.sub(t, mean(t))
      return tf.add(tf.mul(tf.div(centred, tf.sqrt(tf.add(mean(tf.mul(centred, centred)), 1e-6))), gamma), beta)
    }
    const dense = (t: tf.Tensor, weight: tf.Tensor): tf.Tensor => {
      const flat = tf.reshape(t, [batch * tokens, weight.shape[1]!])
      return tf.reshape(tf.matMul(flat, tf.transpose(weight)), [batch, tokens, weight.shape[0]!])
    }
    const all = at('all', tf.add(dense(normal(given, w.g1!, w.b1!), w.qkv!), w.qkvBias!))
    const [q, k, v] = tf
      .split(all, 3, -1)
      .map((part) => tf.transpose(tf.reshape(part, [batch, tokens, heads, size]), [0, 2, 1, 3])) as [
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
    ]
    const scores = tf.mul(tf.matMul(q, tf.transpose(k, [0, 1, 3, 2])), size ** -0.5)
    const mixed = tf.reshape(tf.transpose(tf.matMul(tf.softmax(scores), v), [0, 2, 1, 3]), [batch, tokens, width])
    const stream = tf.add(given, at('projected', dense(mixed, w.proj!)))
    const wide = at('wide', tf.add(dense(normal(stream, w.g2!, w.b2!), w.fc1!), w.fc1Bias!))
    const hidden = tf.mul(tf.mul(wide, 0.5), tf.add(tf.erf(tf.mul(wide, Math.SQRT1_2)), 1))
    return tf.add(stream, at('narrow', dense(hidden, w.fc2!)))
  })
})

test('a residual block with stride: the gradients that the tape of tfjs gives', async () => {
  const x = random([2, 3, 7, 8], 1)
  const weights = {
    first: random([4, 3, 3, 3], 2, 0.4),
    firstBias: random([4], 3, 0.4),
    second: random([4, 4, 3, 3], 4, 0.4),
    short: random([4, 3, 1, 1], 5, 0.6),
  }
  const padded = { pads: [1, 1, 1, 1] }
  const nodes = [
    node('Conv', ['x', 'first', 'firstBias'], ['a'], { attributes: { ...padded, strides: [2, 2] } }),
    node('Relu', ['a'], ['h']),
    node('Conv', ['h', 'second'], ['b'], { attributes: padded }),
    node('Conv', ['x', 'short'], ['s'], { attributes: { strides: [2, 2] } }),
    node('Add', ['b', 's'], ['sum']),
    node('Relu', ['sum'], ['out']),
    node('GlobalAveragePool', ['out'], ['y']),
  ]
  const inside = { a: [2, 4, 4, 4], b: [2, 4, 4, 4], s: [2, 4, 4, 4] }
  await compare(graphOf(x, nodes, weights), x, inside, (given, w, at) => {
    const conv = (t: tf.Tensor, weight: tf.Tensor, stride: number, pad: number): tf.Tensor => {
      const image = tf.pad(tf.transpose(t, [0, 2, 3, 1]) as tf.Tensor4D, [
        [0, 0],
        [pad, pad],
        [pad, pad],
        [0, 0],
      ])
      const filter = tf.transpose(weight, [2, 3, 1, 0]) as tf.Tensor4D
      return tf.transpose(tf.conv2d(image as tf.Tensor4D, filter, stride, 'valid'), [0, 3, 1, 2])
    }
    const bias = tf.reshape(w.firstBias!, [1, 4, 1, 1])
    const inner = tf.relu(at('a', tf.add(conv(given, w.first!, 2, 1), bias)))
    const sum = tf.add(at('b', conv(inner, w.second!, 1, 1)), at('s', conv(given, w.short!, 2, 0)))
    return tf.div(tf.sum(tf.relu(sum), [2, 3], true), 16)
  })
})

test('the norm of zeros has the gradient zero in single precision, however large what comes back to it', async () => {
  const x = float32([2, 3], [0, 0, 0, 3, 0, 4])
  const graph = graphOf(x, [node('ReduceL2', ['x', 'axes'], ['y'])], { axes: int64([1], [1]) })
  const made = gradient(graph, { of: 'y', seed: 'r', wrt: ['x'] })
  const program = await tfjs({ engine: 'cpu' }).compile(made.graph)
  const out = await program.run({ x, r: float32([2, 1], [1e6, 5]) })
  expect([...(out[made.gradients.get('x')!]!.data as Float32Array)]).toEqual([0, 0, 0, 3, 0, 4])
  program.dispose()
})
