import { float32, int64, type Graph, type Node, type Tensor } from '@tacojs/graph'
import * as tf from '@tensorflow/tfjs-core'
import { tfjs } from './index.js'

const live = (): number => tf.engine().state.numTensors

const node = (op: string, inputs: string[], outputs: string[], attributes: Node['attributes'] = {}): Node => ({
  name: `${op}_${outputs[0]}`,
  op,
  domain: op === 'Linear' ? 'ai.tacojs' : '',
  inputs,
  outputs,
  attributes,
})

const initializer = (tensor: Tensor): { tensor: Tensor } => ({ tensor })

/** y = reshape(Linear(x), shape), with the shape as an input of its own so that a run can fail in its middle. */
const graph: Graph = {
  name: 'small',
  inputs: [
    { name: 'x', dtype: 'float32', shape: ['batch', 2] },
    { name: 'shape', dtype: 'int64', shape: [1] },
  ],
  outputs: [
    { name: 'y', dtype: 'float32', shape: ['n'] },
    { name: 'r', dtype: 'float32', shape: ['batch', 3] },
  ],
  nodes: [
    node('Linear', ['x', 'w', 'b'], ['h']),
    node('Relu', ['h'], ['r']),
    node('Neg', ['r'], ['n']),
    node('Reshape', ['n', 'shape'], ['y']),
  ],
  initializers: new Map([
    ['w', initializer(float32([3, 2], [1, 2, 3, 4, -5, 6]))],
    ['b', initializer(float32([3], [0.5, 0, -20]))],
  ]),
}

const x = float32([2, 2], [1, 1, 2, -1])
const good = { x, shape: int64([1], [-1]) }

describe.each(['cpu', 'wasm'])('%s', (engine) => {
  test('runs any batch, writes and reads mutable weights, leaves no tensor behind', async () => {
    const before = live()
    const program = await tfjs({ engine }).compile(graph, { mutable: ['w'] })
    const out = await program.run(good)
    expect(Array.from(out.r!.data as Float32Array)).toEqual([3.5, 7, 0, 0.5, 2, 0])
    expect(out.y!.shape).toEqual([6])
    const one = await program.run({ x: float32([1, 2], [1, 1]), shape: int64([1], [3]) })
    expect(Array.from(one.y!.data as Float32Array)).toEqual([-3.5, -7, -0])

    program.write('w', float32([3, 2], [0, 0, 0, 0, 0, 0]))
    expect((await program.read('w')).data[0]).toBe(0)
    expect(Array.from((await program.run(good)).r!.data as Float32Array)).toEqual([0.5, 0, 0, 0.5, 0, 0])
    expect(() => program.write('w', float32([2, 3], [0, 0, 0, 0, 0, 0]))).toThrow(/cannot write float32 \[2, 3\]/)
    expect(() => program.write('b', float32([3], [0, 0, 0]))).toThrow(/'b' is not mutable/)
    program.dispose()
    expect(live()).toBe(before)
    await expect(program.run(good)).rejects.toMatchObject({ code: 'DISPOSED' })
  })

  test('a run that throws midway leaves only the weights, and the next one works', async () => {
    const before = live()
    const program = await tfjs({ engine }).compile(graph)
    await program.run(good)
    const between = live()
    await expect(program.run({ x, shape: int64([1], [5]) })).rejects.toThrow()
    expect(live()).toBe(between)
    await program.run(good)
    const running = program.run(good)
    program.dispose()
    await running
    expect(live()).toBe(before)
  })

  test('wrong inputs are typed errors', async () => {
    const program = await tfjs({ engine }).compile(graph)
    await expect(program.run({ x })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(program.run({ ...good, x: float32([1, 3], [1, 2, 3]) })).rejects.toMatchObject({
      code: 'SHAPE_MISMATCH',
    })
    program.dispose()
  })
})

test('programs of several engines take turns', async () => {
  const cpu = await tfjs({ engine: 'cpu' }).compile(graph)
  const wasm = await tfjs({ engine: 'wasm' }).compile(graph)
  const results = await Promise.all([cpu.run(good), wasm.run(good), cpu.run(good), wasm.run(good)])
  for (const { r } of results) expect(Array.from(r!.data as Float32Array)).toEqual([3.5, 7, 0, 0.5, 2, 0])
  cpu.dispose()
  wasm.dispose()
})

test('the outputs are the caller’s own, also where a graph hands its input through', async () => {
  const through: Graph = {
    ...graph,
    inputs: graph.inputs.slice(0, 1),
    outputs: [{ name: 'same', dtype: 'float32', shape: ['batch', 2] }],
    nodes: [node('Identity', ['x'], ['same'])],
  }
  for (const engine of ['cpu', 'wasm']) {
    const program = await tfjs({ engine }).compile(through)
    const { same } = await program.run({ x })
    ;(same!.data as Float32Array)[0] = 7
    expect(x.data[0]).toBe(1)
    program.dispose()
  }
})

test('what cannot run is said before it runs, all of it', async () => {
  const odd: Graph = {
    ...graph,
    nodes: [node('Loop', ['x'], ['y']), node('Pad', ['x', 'shape'], ['r'], { mode: 'wrap' })],
  }
  await expect(tfjs({ engine: 'cpu' }).compile(odd)).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    message: expect.stringMatching(/Loop .*Pad with mode wrap/),
  })
  await expect(tfjs({ engine: 'abacus' }).compile(graph)).rejects.toMatchObject({ code: 'NOT_FOUND' })
})
