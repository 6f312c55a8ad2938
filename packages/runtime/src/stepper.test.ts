import { createGraph, float32, node } from '@tacojs/graph'
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
