import { setFlagsFromString } from 'node:v8'
import { Worker } from 'node:worker_threads'
import { difference, runOracle } from '@tacojs/conformance'
import { createGraph, float32, int64, node, withInitializers, type Graph, type Tensor } from '@tacojs/graph'
import { hasRelaxedSimd, type WasmBuild } from '@tacojs/wasm'
import { kernelsWasm } from './kernels-wasm.js'
import { convolutional, graphOf, noise, transformer, wide } from './testing/graphs.js'

// Node 20 has relaxed SIMD behind a flag, which must be set before the first compilation
setFlagsFromString('--experimental-wasm-relaxed-simd')

const inputOf = (graph: Graph, batch: number, seed = batch): Tensor =>
  noise(
    graph.inputs[0]!.shape.map((d) => (typeof d === 'number' ? d : batch)),
    seed,
  )

const networks: [string, Graph][] = [
  ['transformer', transformer()],
  ['dense transformer, mean of tokens', transformer('mean', 21, 0)],
  ['convolutional network', convolutional()],
  ['dense convolutional network, wide rows', convolutional(31, 0)],
  ['sums in chunks', wide()],
  ['sums in chunks, dense', wide(0)],
]

describe.each(networks)('%s', (name, graph) => {
  const x = inputOf(graph, 3)
  const run = async (threads: number, build: WasmBuild): Promise<Tensor> => {
    const program = await kernelsWasm({ build, threads }).compile(graph)
    const { y } = await program.run({ x })
    const chunked = program.kernels!({ x: x.shape }).some(({ reason }) => reason.includes('chunks'))
    expect(chunked).toBe(name.startsWith('sums in chunks'))
    expect([program.threads, program.whyFewerThreads, program.build]).toEqual([threads, undefined, build])
    program.dispose()
    return y!
  }
  const builds: WasmBuild[] = hasRelaxedSimd() ? ['base', 'relaxed'] : ['base']
  if (builds.length < 2) console.info('no relaxed SIMD in this engine: the relaxed build is left out')

  test.each(builds)('%s build: as the oracle, and the same bits on 1, 2 and 3 threads', async (build) => {
    const one = await run(1, build)
    expect(difference(one, runOracle(graph, { x }).y!).maxError).toBeLessThan(1e-5)
    for (const threads of [2, 3]) expect(await run(threads, build)).toEqual(one)
  })
})

test('programs of different shapes and threads, run in turn, do not disturb each other', async () => {
  const backend = kernelsWasm()
  const jobs = await Promise.all(
    networks.flatMap(([, graph]) =>
      [1, 2].map(async (threads) => ({ graph, program: await backend.compile(graph, { threads }) })),
    ),
  )
  const alone = new Map<string, Tensor>()
  for (const [i, { graph, program }] of jobs.entries()) {
    for (const batch of [1, 4]) alone.set(`${i} ${batch}`, (await program.run({ x: inputOf(graph, batch) })).y!)
  }
  for (let round = 0; round < 5; round++) {
    const order = jobs.flatMap((job, i) => [1, 4].map((batch) => ({ ...job, i, batch })))
    if (round % 2 === 1) order.reverse()
    const results = await Promise.all(
      order.map(({ graph, program, batch }) => program.run({ x: inputOf(graph, batch) })),
    )
    order.forEach(({ i, batch }, k) => expect(results[k]!.y).toEqual(alone.get(`${i} ${batch}`)))
  }
  for (const { program } of jobs) program.dispose()
})

test('a program may have a memory and threads of its own: the others keep theirs, and they end with it', async () => {
  const graph = transformer()
  const x = inputOf(graph, 2)
  const backend = kernelsWasm({ threads: 2 })
  const { Memory } = WebAssembly
  const { terminate } = Worker.prototype
  let [memories, ended] = [0, 0]
  WebAssembly.Memory = new Proxy(Memory, {
    construct(target, args: ConstructorParameters<typeof Memory>) {
      memories++
      return new target(...args)
    },
  })
  Worker.prototype.terminate = function () {
    ended++
    return terminate.call(this)
  }
  try {
    const first = await backend.compile(graph)
    const { y } = await first.run({ x })
    expect(memories).toBe(1)
    for (let i = 1; i < 3; i++) {
      const own = await backend.compile(graph, { ownMemory: true })
      expect((await own.run({ x })).y).toEqual(y)
      expect(memories).toBe(i + 1)
      // those of earlier tests may end meanwhile
      const before = ended
      own.dispose()
      own.dispose()
      expect(ended).toBe(before + 1)
      await expect(own.run({ x })).rejects.toMatchObject({ code: 'DISPOSED' })
    }
    // the others' goes on
    expect((await first.run({ x })).y).toEqual(y)
    await backend.compile(graph).then((other) => other.dispose())
    expect(memories).toBe(3)
    first.dispose()
  } finally {
    WebAssembly.Memory = Memory
    Worker.prototype.terminate = terminate
  }
})

describe('errors have codes', () => {
  const backend = kernelsWasm()
  const graph = transformer()
  const x = inputOf(graph, 2)

  test('a program that was disposed, a wrong shape, a wrong number of threads', async () => {
    const program = await backend.compile(graph)
    await expect(program.run({ x: noise([2, 9, 15]) })).rejects.toMatchObject({ code: 'SHAPE_MISMATCH' })
    await expect(program.run({})).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await program.run({ x })
    program.dispose()
    await expect(program.run({ x })).rejects.toMatchObject({ code: 'DISPOSED' })
    expect(() => program.kernels!({ x: x.shape })).toThrow(expect.objectContaining({ code: 'DISPOSED' }))
    for (const threads of [0, -1, 1.5, NaN, 65]) {
      await expect(backend.compile(graph, { threads })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    }
  })

  test.each(['upW', 'upB', 'g'])("a weight '%s' that is not a number", async (name) => {
    const { tensor } = graph.initializers.get(name)!
    const data = Float32Array.from(tensor.data as Float32Array)
    data[7] = NaN
    const broken = withInitializers(graph, new Map([[name, float32(tensor.shape, data)]]))
    const attempt = async (): Promise<unknown> => (await backend.compile(broken)).run({ x })
    await expect(attempt()).rejects.toMatchObject({ code: 'INVALID_MODEL', message: expect.stringContaining(name) })
  })

  test('a node that cannot run is named', async () => {
    const computed = graphOf(
      [4],
      [node('Conv', ['images', 'w', 'x'], ['y'], { name: 'last conv' })],
      { images: noise([1, 4, 3, 3]), w: noise([4, 4, 1, 1]) },
      4,
    )
    await expect(backend.compile(computed)).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringMatching(/computed bias.*last conv/),
    })
  })

  test('a program that cannot be made leaves the engine to the others', async () => {
    const own = kernelsWasm()
    const { instantiate } = WebAssembly
    let engines = 0
    WebAssembly.instantiate = ((...args: Parameters<typeof instantiate>) => {
      engines++
      return instantiate(...args)
    }) as typeof instantiate
    try {
      for (let i = 0; i < 3; i++) {
        await expect(own.compile(graph, { mutable: ['none'] })).rejects.toMatchObject({ code: 'NOT_FOUND' })
      }
      const program = await own.compile(graph)
      await program.run({ x })
      program.dispose()
      expect(engines).toBe(1)
    } finally {
      WebAssembly.instantiate = instantiate
    }
  })
})

test.each([1, 2])('without memory a run is OUT_OF_MEMORY, and the backend goes on: %i thread(s)', async (threads) => {
  const backend = kernelsWasm({ memoryLimit: 1 << 20, threads })
  const graph = convolutional(33)
  const program = await backend.compile(graph)
  const small = inputOf(graph, 1)
  const expected = await program.run({ x: small })
  const large = inputOf(graph, 100)
  for (let i = 0; i < 20; i++) {
    await expect(program.run({ x: large })).rejects.toMatchObject({ name: 'TacoError', code: 'OUT_OF_MEMORY' })
    expect(await program.run({ x: small })).toEqual(expected)
    // one more beside it, with its own plan, that did not run
    const other = await backend.compile(graph)
    await expect(other.run({ x: large })).rejects.toMatchObject({ code: 'OUT_OF_MEMORY' })
    other.dispose()
  }
  program.dispose()
})

test('a size that depends on the elements of an input is refused', async () => {
  const graph = createGraph({
    inputs: [
      { name: 'x', dtype: 'float32', shape: [1, 3] },
      { name: 'to', dtype: 'int64', shape: [2] },
    ],
    outputs: [{ name: 'y', dtype: 'float32', shape: ['rows', 3] }],
    nodes: [node('Expand', ['x', 'to'], ['y'])],
  })
  const program = await kernelsWasm().compile(graph)
  await expect(program.run({ x: float32([1, 3], [1, 2, 3]), to: int64([2], [2, 3]) })).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    message: expect.stringContaining("node 'y' (Expand)"),
  })
  program.dispose()
})
