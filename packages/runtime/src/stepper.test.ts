import { createGraph, float32, node, type Tensor } from '@tacojs/graph'
import type { Backend } from './backend.js'
import { liveValues } from './live-values.js'
import { createStepper } from './stepper.js'
import { evaluatingBackend } from './testing/evaluating-backend.js'

// x → a = x·A → r = relu(a) → b = r·B → y = b + x, a residual block
const graph = createGraph({
  inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 2] }],
  outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 2] }],
  nodes: [
    node('MatMul', ['x', 'A'], ['a']),
    node('Relu', ['a'], ['r']),
    node('MatMul', ['r', 'B'], ['b']),
    node('Add', ['b', 'x'], ['y']),
  ],
  initializers: { A: float32([2, 2], [1, -1, 2, 1]), B: float32([2, 2], [1, 0, 1, 3]) },
})
const inputs = [{ x: float32([1, 2], [1, 2]) }, { x: float32([2, 2], [3, -1, 0, 1]) }]

test('what lives between two nodes: the skip value goes along', () => {
  expect([0, 1, 2, 3, 4].map((p) => liveValues(graph, p))).toEqual([['x'], ['x', 'a'], ['x', 'r'], ['x', 'b'], ['y']])
})

test('stepping node by node gives what one run gives, and runs every node once', async () => {
  const whole = await (await evaluatingBackend().compile(graph)).run(inputs[1]!)
  const backend = evaluatingBackend()
  const stepper = createStepper(backend, graph, inputs)
  await stepper.advanceBefore('a')
  expect(stepper.value(0, 'x')).toBe(inputs[0]!.x)
  await stepper.advancePast('a')
  expect([...(stepper.value(0, 'a').data as Float32Array)]).toEqual([5, 1])
  await stepper.advanceBefore('b')
  await stepper.advancePast('y')
  expect(stepper.value(1, 'y')).toEqual(whole.y)
  expect(backend.ran.filter((name) => name === 'a')).toHaveLength(inputs.length)
  expect(backend.ran).toHaveLength(4 * inputs.length)
})

test('replaced weights act on what has not run yet', async () => {
  const stepper = createStepper(evaluatingBackend(), graph, inputs)
  await stepper.advanceBefore('b')
  stepper.replace(new Map([['B', float32([2, 2], [0, 0, 0, 0])]]))
  await stepper.advancePast('y')
  expect([...(stepper.value(0, 'y').data as Float32Array)]).toEqual([1, 2])
})

test('a fork shares what has run, and goes its own way from there', async () => {
  const backend = evaluatingBackend()
  const first = createStepper(backend, graph, inputs)
  await first.advancePast('a')
  const second = first.fork()
  expect(second.value(1, 'a')).toBe(first.value(1, 'a'))
  second.replace(new Map([['B', float32([2, 2], [0, 0, 0, 0])]]))
  await second.advancePast('y')
  await first.advancePast('y')
  expect([...(second.value(0, 'y').data as Float32Array)]).toEqual([1, 2])
  expect([...(first.value(0, 'y').data as Float32Array)]).toEqual([7, 5])
  expect(backend.ran.filter((name) => name === 'a')).toHaveLength(inputs.length)
})

test('going back, unknown nodes and values off the frontier are typed errors', async () => {
  const stepper = createStepper(evaluatingBackend(), graph, inputs)
  await stepper.advancePast('b')
  await expect(stepper.advanceBefore('a')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await expect(stepper.advancePast('nothing')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  expect(() => stepper.value(0, 'a')).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
})

test('an aborted stepper stops before the next batch', async () => {
  const stepper = createStepper(evaluatingBackend(), graph, inputs, { signal: AbortSignal.abort() })
  await expect(stepper.advancePast('a')).rejects.toMatchObject({ code: 'ABORTED' })
})

test('after a failure batches stand at different places: the stepper says so, and goes nowhere', async () => {
  const backend = evaluatingBackend()
  let runs = 0
  const compile: typeof backend.compile = async (part, options) => {
    const program = await backend.compile(part, options)
    const run: typeof program.run = (...given) =>
      ++runs === 2 ? Promise.reject(new Error('no room')) : program.run(...given)
    return { ...program, run }
  }
  const stepper = createStepper({ ...backend, compile }, graph, inputs)
  await expect(stepper.advancePast('a')).rejects.toThrow('no room')
  const failed = { code: 'INVALID_ARGUMENT', message: expect.stringContaining('has failed') }
  await expect(stepper.advancePast('a')).rejects.toMatchObject(failed)
  expect(() => stepper.value(0, 'x')).toThrow(expect.objectContaining(failed))
})

test('nothing stays readable that no later node needs, also where nothing was computed', async () => {
  const dead = {
    ...graph,
    nodes: [...graph.nodes.slice(0, 2), node('Neg', ['a'], ['unused']), ...graph.nodes.slice(2)],
  }
  const stepper = createStepper(evaluatingBackend(), dead, inputs)
  await stepper.advanceBefore('unused')
  expect(stepper.value(0, 'a').shape).toEqual([1, 2])
  await stepper.advancePast('unused')
  expect(() => stepper.value(0, 'a')).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
})

describe('memory', () => {
  /** Runs as the other one does, writing to spare arrays; tells which it was given. */
  const reusing = () => {
    const backend = evaluatingBackend()
    const given: Float32Array[] = []
    const compile: typeof backend.compile = async (part, options) => {
      const program = await backend.compile(part, options)
      return {
        ...program,
        run: async (feeds, { spare } = {}) => {
          const outputs = await program.run(feeds)
          for (const [name, { dtype, shape, data }] of Object.entries(outputs)) {
            const array = spare?.(data.length)
            if (!array || !(data instanceof Float32Array)) continue
            given.push(array)
            array.set(data)
            outputs[name] = { dtype, shape, data: array } as Tensor
          }
          return outputs
        },
      }
    }
    return { given, backend: { ...backend, compile } }
  }
  const deep = createGraph({
    inputs: graph.inputs,
    outputs: [{ name: 'v6', dtype: 'float32', shape: ['batch', 2] }],
    nodes: ['x', 'v1', 'v2', 'v3', 'v4', 'v5'].map((from, i) => node('MatMul', [from, 'A'], [`v${i + 1}`])),
    initializers: { A: graph.initializers.get('A')!.tensor },
  })

  test('what no later node needs is written again, and the values are the same', async () => {
    const { given, backend } = reusing()
    const [stepper, fresh] = [createStepper(backend, deep, inputs), createStepper(evaluatingBackend(), deep, inputs)]
    for (const name of ['v1', 'v2', 'v3', 'v4', 'v5', 'v6']) {
      await stepper.advancePast(name)
      await fresh.advancePast(name)
      for (const batch of [0, 1]) expect(stepper.value(batch, name)).toEqual(fresh.value(batch, name))
    }
    // of each batch, all but the first two: v1 goes when v2 is there
    expect(given).toHaveLength(8)
    expect(new Set(given).size).toBe(4)
  })

  test('inputs of the caller and what a fork has too are left alone', async () => {
    const { backend } = reusing()
    const before = inputs.map(({ x }) => [...(x!.data as Float32Array)])
    const first = createStepper(backend, deep, inputs)
    await first.advancePast('v2')
    const second = first.fork()
    const shared = [0, 1].map((batch) => [...(second.value(batch, 'v2').data as Float32Array)])
    for (const name of ['v3', 'v4', 'v5', 'v6']) await first.advancePast(name)
    expect([0, 1].map((batch) => [...(second.value(batch, 'v2').data as Float32Array)])).toEqual(shared)
    await second.advancePast('v6')
    for (const batch of [0, 1]) expect(second.value(batch, 'v6')).toEqual(first.value(batch, 'v6'))
    expect(inputs.map(({ x }) => [...(x!.data as Float32Array)])).toEqual(before)
  })
})

/** Of nodes that add two values, quickly; its outputs are written to spare arrays. */
const addingBackend = (): Backend => ({
  ...evaluatingBackend(),
  compile: async ({ nodes, outputs, inputs: given }) => ({
    async run(inputs, { spare } = {}) {
      const values = new Map(given.map(({ name }) => [name, inputs[name]!.data as Float32Array]))
      for (const { inputs: summands, outputs: sums } of nodes) {
        const [a, b] = summands.map((name) => values.get(name)!) as [Float32Array, Float32Array]
        const sum = spare?.(a.length) ?? new Float32Array(a.length)
        for (let i = 0; i < a.length; i++) sum[i] = a[i]! + b[i]!
        values.set(sums[0]!, sum)
      }
      const { shape } = Object.values(inputs)[0]!
      return Object.fromEntries(outputs.map(({ name }) => [name, { dtype: 'float32', shape, data: values.get(name)! }]))
    },
    write: () => undefined,
    read: () => Promise.reject(new Error('not read')),
    dispose: () => undefined,
  }),
})

test('values of many batches lie in few slabs, and those of forks do not get in each other’s way', async () => {
  const [width, batches, layers] = [2 ** 18, 40, 5]
  const names = Array.from({ length: layers + 1 }, (_, i) => `v${i}`)
  const chain = createGraph({
    inputs: [{ name: 'v0', dtype: 'float32', shape: ['batch', width] }],
    outputs: [{ name: `v${layers}`, dtype: 'float32', shape: ['batch', width] }],
    // each value is needed by the two nodes after it
    nodes: names.slice(1).map((name, i) => node('Add', [names[i]!, names[Math.max(0, i - 1)]!], [name])),
    initializers: {},
  })
  const inputs = Array.from({ length: batches }, (_, b) => ({
    v0: float32([1, width], new Float32Array(width).fill(b)),
  }))
  const factors = [1, 2, 3, 5, 8, 13]
  const stepper = createStepper(addingBackend(), chain, inputs)
  await stepper.advancePast('v1')
  const fork = stepper.fork()
  const buffers = new Set<ArrayBufferLike>()
  const check = (of: typeof stepper, value: number): void => {
    for (let b = 0; b < batches; b++) {
      const data = of.value(b, `v${value}`).data as Float32Array
      const wrong = data.findIndex((v) => v !== factors[value]! * b)
      expect([b, wrong]).toEqual([b, -1])
      buffers.add(data.buffer)
    }
  }
  for (let value = 2; value <= layers; value++) {
    await stepper.advancePast(`v${value}`)
    check(stepper, value)
    if (value % 2 === 1) continue
    await fork.advancePast(`v${value}`)
    check(fork, value)
    check(stepper, value)
  }
  await fork.advancePast(`v${layers}`)
  check(fork, layers)
  check(stepper, layers)
  expect(buffers.size).toBeLessThan(20)
})
