import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { difference, runOracle } from '@tacojs/conformance'
import { TacoError } from '@tacojs/errors'
import { node, type Graph, type Tensor } from '@tacojs/graph'
import { createEngine, type Engine } from './engine.js'
import { convolutional, graphOf, noise, programOn, transformer } from './testing/graphs.js'

// on an engine of its own, so that its heap shows what a program takes

const inputOf = (graph: Graph, batch: number): Tensor =>
  noise(
    graph.inputs[0]!.shape.map((d) => (typeof d === 'number' ? d : batch)),
    batch,
  )

const bytes = ({ heap }: Engine): number[] => [heap.used, heap.memory.buffer.byteLength]

test('ten thousand runs take no memory', async () => {
  const engine = await createEngine(1, {})
  const graph = transformer('token', 5)
  const program = programOn(engine, graph)
  const x = inputOf(graph, 1)
  const first = await program.run({ x })
  const before = bytes(engine)
  let last = first
  for (let i = 0; i < 10_000; i++) last = await program.run({ x })
  expect(bytes(engine)).toEqual(before)
  expect(last).toEqual(first)
  program.dispose()
})

test('dispose gives everything back, whatever ran, once', async () => {
  const engine = await createEngine(1, {})
  const start = engine.heap.used
  const kept = programOn(engine, convolutional())
  await kept.run({ x: inputOf(convolutional(), 1) })
  const before = engine.heap.used
  let memory: number | undefined
  for (let round = 0; round < 20; round++) {
    const graph = round % 2 === 0 ? transformer() : convolutional(11)
    const program = programOn(engine, graph, { mutable: [graph.nodes.at(-1)!.inputs[1]!] })
    for (const batch of [1, 3]) await program.run({ x: inputOf(graph, batch) })
    expect(engine.heap.used).toBeGreaterThan(before)
    program.dispose()
    program.dispose()
    expect(engine.heap.used).toBe(before)
    if (round === 1) memory = engine.heap.memory.buffer.byteLength
  }
  expect(engine.heap.memory.buffer.byteLength).toBe(memory)
  kept.dispose()
  expect(engine.heap.used).toBe(start)
})

test('batches in turn keep three plans, the packed weights once, and give the same results', async () => {
  const engine = await createEngine(1, {})
  const graph = transformer('token', 20)
  const program = programOn(engine, graph)
  const results = new Map<number, Tensor>()
  const used: number[] = []
  const memory: number[] = []
  for (let round = 0; round < 4; round++) {
    for (const batch of [1, 7, 2, 16]) {
      const { y } = await program.run({ x: inputOf(graph, batch) })
      if (!results.has(batch)) {
        results.set(batch, y!)
        expect(difference(y!, runOracle(graph, { x: inputOf(graph, batch) }).y!).maxError).toBeLessThan(1e-4)
      }
      expect(y).toEqual(results.get(batch))
      used.push(engine.heap.used)
      memory.push(engine.heap.memory.buffer.byteLength)
    }
  }
  expect(used.slice(8)).toEqual([...used.slice(4, 8), ...used.slice(4, 8)])
  expect(memory.slice(4)).toEqual(memory.slice(4).map(() => memory[4]))
  program.dispose()
  expect(engine.heap.used).toBe(0)
})

test('many batches: weights packed for plans that are gone are gone as well', async () => {
  const engine = await createEngine(1, {})
  const graph = transformer('mean', 3)
  const program = programOn(engine, graph)
  let most = 0
  const run = async (batch: number): Promise<void> => {
    await program.run({ x: inputOf(graph, batch) })
    most = Math.max(most, engine.heap.used)
  }
  for (let batch = 17; batch <= 20; batch++) await run(batch)
  const early = most
  for (let batch = 1; batch <= 20; batch++) await run(batch)
  expect(most).toBe(early)
  program.dispose()
  expect(engine.heap.used).toBe(0)
})

test('many batches: nor does the host keep all their packed weights', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const engine = await createEngine(1, {})
  const graph = graphOf([3, 256], [node('Linear', ['x', 'w'], ['y'], { domain: 'ai.tacojs' })], {
    w: noise([256, 256]),
  })
  const program = programOn(engine, graph)
  const afterBatches = async (from: number, to: number): Promise<number> => {
    for (let batch = from; batch <= to; batch++) await program.run({ x: inputOf(graph, batch) })
    // buffers are swept after the collection that finds them unused
    for (let i = 0; i < 3; i++) {
      collect()
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    return process.memoryUsage().arrayBuffers
  }
  const before = await afterBatches(1, 20)
  // each form takes a quarter of that at least
  expect((await afterBatches(21, 60)) - before).toBeLessThan(1 << 20)
  program.dispose()
})

/** The engine, whose heap has no memory at the n-th request from now on. */
function failing(engine: Engine, n: number): { engine: Engine; failed: () => boolean } {
  let requests = 0
  const { heap } = engine
  const alloc = (size: number): number => {
    if (++requests === n) throw new TacoError('OUT_OF_MEMORY', 'no memory at this request')
    return heap.alloc(size)
  }
  const counted = Object.create(heap, { alloc: { value: alloc } }) as Engine['heap']
  return { engine: { ...engine, heap: counted }, failed: () => requests >= n }
}

test.each([
  ['a transformer', transformer()],
  ['a convolutional network', convolutional()],
])('%s: whichever allocation fails, nothing leaks and the program goes on', async (_name, graph) => {
  const engine = await createEngine(1, {})
  const x = inputOf(graph, 2)
  const reference = programOn(engine, graph)
  const expected = await reference.run({ x })
  reference.dispose()
  const start = engine.heap.used
  let n = 1
  for (; ; n++) {
    const starved = failing(engine, n)
    const program = programOn(starved.engine, graph)
    const outcome = await program.run({ x }).catch((error: unknown) => error)
    if (starved.failed()) {
      expect(outcome).toMatchObject({ name: 'TacoError', code: 'OUT_OF_MEMORY' })
      // the same program, now that there is memory
      expect(await program.run({ x })).toEqual(expected)
    } else expect(outcome).toEqual(expected)
    program.dispose()
    expect(engine.heap.used).toBe(start)
    if (!starved.failed()) break
  }
  expect(n).toBeGreaterThan(5)
})

test('an empty batch gives an empty answer, and the next batch its own', async () => {
  const engine = await createEngine(1, {})
  const graph = convolutional()
  const program = programOn(engine, graph)
  const x = inputOf(graph, 2)
  const expected = await program.run({ x })
  const none = await program.run({ x: inputOf(graph, 0) })
  for (const [name, { shape }] of Object.entries(expected)) {
    expect([none[name]!.shape, none[name]!.data.length]).toEqual([[0, ...shape.slice(1)], 0])
  }
  expect(await program.run({ x })).toEqual(expected)
  program.dispose()
})
