import { createGraph, float32, node } from '@tacojs/graph'
import { backendNames, checkInputs, getBackend, measureLatency, median, registerBackend } from './index.js'
import { evaluatingBackend } from './testing/evaluating-backend.js'

const graph = createGraph({
  inputs: [
    { name: 'a', dtype: 'float32', shape: ['batch', 2] },
    { name: 'b', dtype: 'float32', shape: ['batch', 2] },
  ],
  outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 2] }],
  nodes: [node('Add', ['a', 'b'], ['y'])],
})

test('the registry gives back what was registered, and names it when asked for another', () => {
  const backend = evaluatingBackend()
  registerBackend(backend)
  expect(getBackend('evaluating')).toBe(backend)
  expect(backendNames()).toEqual(['evaluating'])
  expect(() => getBackend('gpu')).toThrow("no backend is named 'gpu'; available: evaluating")
})

test('inputs are checked: names, types, shapes, and one size for each symbol', () => {
  const [one, two] = [float32([1, 2], [1, 2]), float32([2, 2], [1, 2, 3, 4])]
  expect(() => checkInputs(graph, { a: two, b: two })).not.toThrow()
  expect(() => checkInputs(graph, { a: one })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  expect(() => checkInputs(graph, { a: one, b: one, c: one })).toThrow("the graph has no input 'c'")
  expect(() => checkInputs(graph, { a: one, b: two })).toThrow(expect.objectContaining({ code: 'SHAPE_MISMATCH' }))
  const wrongType = { dtype: 'float64' as const, shape: [1, 2], data: new Float64Array(2) }
  expect(() => checkInputs(graph, { a: one, b: wrongType })).toThrow(
    "input 'b' is float64 [1, 2]; the graph needs float32",
  )
  expect(() => checkInputs(graph, { a: one, b: float32([1, 3], [1, 2, 3]) })).toThrow(/input 'b' is float32 \[1, 3\]/)
})

test('latency: programs take turns, the first run is told apart', async () => {
  const order: string[] = []
  const program = (name: string) => ({
    run: async () => {
      order.push(name)
      return {}
    },
    write: () => undefined,
    read: async () => float32([], [0]),
    dispose: () => undefined,
  })
  const [first] = await measureLatency([program('a'), program('b')], {}, { runs: 2 })
  expect(order).toEqual(['a', 'b', 'a', 'b', 'a', 'b'])
  expect(first).toMatchObject({ runs: 2 })
  expect(first!.minMs).toBeLessThanOrEqual(first!.medianMs)
  expect([median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([2, 2.5])
})
