import { difference, runOracle } from '@tacojs/conformance'
import { TacoError } from '@tacojs/errors'
import { float32, gradient, sizeOf, type Graph, type Tensor } from '@tacojs/graph'
import { createEngine, type Engine } from './engine.js'
import { convolutional, noise, programOn, transformer, wide } from './testing/graphs.js'

// graphs with enough work in each image, which are then computed one by one

const backward = (graph: Graph): Graph => gradient(graph, { of: 'y', seed: 'seed', wrt: ['qkv', 'o', 'd'] }).graph

const networks: [string, Graph][] = [
  ['a transformer', transformer('token', 200)],
  ['a convolutional network', convolutional(96)],
  ['a network of wide layers', wide()],
  ['the gradient of a transformer', backward(transformer('mean', 130, 0))],
]

const inputsOf = (graph: Graph, batch: number): Record<string, Tensor> =>
  Object.fromEntries(
    graph.inputs.map(({ name, shape }, i) => [name, noise([batch, ...(shape.slice(1) as number[])], batch + 17 * i)]),
  )

const image = (t: Tensor, i: number): Tensor => {
  const each = sizeOf(t.shape.slice(1))
  return float32([1, ...t.shape.slice(1)], (t.data as Float32Array).slice(i * each, (i + 1) * each))
}

const images = (values: Readonly<Record<string, Tensor>>, i: number): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(values).map(([name, t]) => [name, image(t, i)]))

const engineOf = async (threads: number): Promise<Engine> => {
  const engine = await createEngine(threads, {})
  expect(engine.team?.reason).toBeUndefined()
  return engine
}

test.each(networks)('%s: the same bits for any number of threads and images', async (_name, graph) => {
  const engines = await Promise.all([1, 2, 3].map(engineOf))
  const programs = engines.map((engine, i) => programOn(engine, graph, { threads: i + 1 }))
  for (const batch of [1, 2, 3, 4, 7, 8]) {
    const inputs = inputsOf(graph, batch)
    const [one, ...others] = await Promise.all(programs.map((program) => program.run(inputs)))
    for (const other of others) expect(other).toEqual(one)
    // two images are two threads' work
    expect(programs.map((program) => program.threads)).toEqual([1, 2, batch === 2 ? 2 : 3])
    const last = batch - 1
    const single = await programs[1]!.run(images(inputs, last))
    expect(single).toEqual(images(one!, last))
    if (batch > 2) continue
    for (const [name, wanted] of Object.entries(runOracle(graph, inputs))) {
      const { data } = wanted
      const scale = Math.max(...Array.from(data as Float64Array, Math.abs))
      expect(difference(one![name]!, wanted).maxError).toBeLessThan(1e-5 * Math.max(1, scale))
    }
  }
  for (const program of programs) program.dispose()
  for (const engine of engines) engine.dispose()
})

test('a plan for one image is all that batches take, once for each thread', async () => {
  const [, graph] = networks[1]!
  const engine = await engineOf(2)
  const start = engine.heap.used
  const program = programOn(engine, graph, { threads: 2 })
  const used: number[] = []
  for (const batch of [1, 2, 8, 3, 1]) {
    await program.run(inputsOf(graph, batch))
    used.push(engine.heap.used - start)
  }
  expect(used[1]).toBeGreaterThan(used[0]!)
  expect(used[1]).toBeLessThan(2 * used[0]!)
  expect(used.slice(2)).toEqual([used[1], used[1], used[1]])
  program.dispose()
  expect(engine.heap.used).toBe(start)
  engine.dispose()
})

test('weights that are written reach every thread', async () => {
  const graph = transformer('token', 200)
  const names = ['upW', 'upB', 'g', 'headB']
  const engine = await engineOf(2)
  const program = programOn(engine, graph, { threads: 2, mutable: names })
  const inputs = inputsOf(graph, 4)
  const before = await program.run(images(inputs, 0))
  const fresh = new Map(names.map((name, i) => [name, noise(graph.initializers.get(name)!.tensor.shape, 90 + i)]))
  // some before there is a second place for the plan, some after
  const [first, second, ...rest] = [...fresh]
  for (const [name, t] of [first!, second!]) program.write(name, t)
  await program.run(inputs)
  for (const [name, t] of rest) program.write(name, t)
  const after = await program.run(inputs)
  const initializers = new Map([
    ...graph.initializers,
    ...[...fresh].map(([name, tensor]) => [name, { tensor }] as const),
  ])
  expect(image(after.y!, 0)).not.toEqual(before.y)
  expect(difference(after.y!, runOracle({ ...graph, initializers }, inputs).y!).maxError).toBeLessThan(1e-3)
  program.dispose()
  engine.dispose()
})

test('without memory for another thread a batch is OUT_OF_MEMORY, and the program goes on', async () => {
  const [, graph] = networks[0]!
  const engine = await engineOf(2)
  let room = true
  const alloc = (size: number): number => {
    if (!room) throw new TacoError('OUT_OF_MEMORY', 'no memory at this request')
    return engine.heap.alloc(size)
  }
  const heap = Object.create(engine.heap, { alloc: { value: alloc } }) as Engine['heap']
  const program = programOn({ ...engine, heap }, graph, { threads: 2 })
  const inputs = inputsOf(graph, 3)
  const single = await program.run(images(inputs, 0))
  const { used } = engine.heap
  room = false
  await expect(program.run(inputs)).rejects.toMatchObject({ code: 'OUT_OF_MEMORY' })
  expect(engine.heap.used).toBe(used)
  expect(await program.run(images(inputs, 0))).toEqual(single)
  room = true
  expect(images(await program.run(inputs), 0)).toEqual(single)
  program.dispose()
  engine.dispose()
})

test('a thread that is lost with its image is an error; what follows runs on the caller', async () => {
  const [, graph] = networks[2]!
  const engine = await engineOf(2)
  const program = programOn(engine, graph, { threads: 2 })
  const inputs = inputsOf(graph, 2)
  const expected = await program.run(inputs)
  // an address that the memory does not have
  expect(() => engine.runLists([engine.heap.alloc(64), 0xfffffff0], 1)).toThrow(
    expect.objectContaining({ name: 'TacoError', code: 'THREAD_LOST' }),
  )
  expect(await program.run(inputs)).toEqual(expected)
  expect([program.threads, typeof program.whyFewerThreads]).toEqual([1, 'string'])
  program.dispose()
})
