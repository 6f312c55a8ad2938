import { createGraph, float32, node, toNumbers, type Graph, type Tensor } from '@tacojs/graph'
import type { Backend, Program } from '@tacojs/runtime'
import { createRandom, uniform } from './cases/random.js'
import { equal, rejects } from './checks.js'
import { sameBytes } from './compare.js'

/** y = x · w, with x [batch, 2] and w [2, 2]. */
const graph = (): Graph =>
  createGraph({
    inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 2] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 2] }],
    nodes: [node('MatMul', ['x', 'w'], ['y'])],
    initializers: { w: float32([2, 2], [1, 2, 3, 4]), unused: float32([1], [0]) },
  })

/** y = x · a · b, with x [batch, 41] and y [batch, 7]: large enough for tiles, tails and intermediate values. */
const larger = (): Graph => {
  const random = createRandom('two products')
  return createGraph({
    inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 41] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 7] }],
    nodes: [node('MatMul', ['x', 'a'], ['h']), node('MatMul', ['h', 'b'], ['y'])],
    initializers: { a: uniform([41, 17])(random), b: uniform([17, 7])(random) },
  })
}

const x = (): Tensor => float32([1, 2], [1, 10])

const badInput = ['SHAPE_MISMATCH', 'INVALID_ARGUMENT']

interface Setting {
  /** A fresh program of `graph`, in which `w` is mutable. */
  readonly program: Program
  readonly graph: Graph
  /** Compiles another program, which is disposed of after the part. */
  compile(graph: Graph): Promise<Program>
}

/** What every Program promises, whatever it computes. */
export const contract: Readonly<Record<string, (setting: Setting) => Promise<void>>> = {
  'a symbolic dimension takes any size, outputs stay as they were': async ({ program }) => {
    const first = (await program.run({ x: x() })).y
    const second = (await program.run({ x: float32([3, 2], [1, 0, 0, 1, 2, 2]) })).y
    equal(second, [1, 2, 3, 4, 8, 12], 'batch 3')
    equal(first, [31, 42], 'the first run’s output after the second run')
    if (second?.shape.join() !== '3,2') throw new Error(`batch 3 gave the shape [${second?.shape.join()}]`)
    equal((await program.run({ x: x() })).y, [31, 42], 'batch 1 after batch 3')
  },
  'inputs are left as they are, outputs are the caller’s own': async ({ program }) => {
    const input = x()
    const { y } = await program.run({ x: input })
    equal(input, [1, 10], 'the input after the run')
    y!.data.fill(9 as never)
    input.data.fill(2 as never)
    equal((await program.run({ x: input })).y, [8, 12], 'a run after input and output were changed')
  },
  'a spare array may hold anything and be a part of a larger memory, and is given back whole or not at all': async ({
    compile,
  }) => {
    const program = await compile(larger())
    const input = uniform([7, 41])(createRandom('spare'))
    const first = (await program.run({ x: input })).y
    const used: Float32Array[] = []
    const beside = 16
    const spare = (length: number): Float32Array => {
      const memory = new Float32Array(length + 2 * beside).fill(NaN)
      used.push(memory)
      return memory.subarray(beside, beside + length)
    }
    const { y } = await program.run({ x: input }, { spare })
    if (!sameBytes(y, first)) throw new Error('the same input gave other bytes with a spare array')
    for (const memory of used) {
      const around = [...memory.subarray(0, beside), ...memory.subarray(memory.length - beside)]
      if (!around.every(Number.isNaN)) throw new Error('what lies beside a spare array was written to')
    }
    const before = used.map((array) => array.slice())
    await program.run({ x: uniform([7, 41])(createRandom('later')) })
    if (used.some((array, i) => array.some((v, k) => !Object.is(v, before[i]![k])))) {
      throw new Error('a later run wrote to a spare array of an earlier one')
    }
  },
  'repeated runs give equal bytes': async ({ compile }) => {
    const program = await compile(larger())
    const input = (batch: number): Tensor => uniform([batch, 41])(createRandom(`batch ${batch}`))
    const first = (await program.run({ x: input(7) })).y
    await program.run({ x: input(1) })
    for (let i = 0; i < 3; i++) {
      const { y } = await program.run({ x: input(7) })
      if (!sameBytes(y, first)) throw new Error('the same input gave other bytes in a later run')
    }
  },
  'NaN and Infinity in an input reach the outputs that depend on it, and no other': async ({ program, compile }) => {
    const input = float32([5, 2], [NaN, 1, 1, 10, Infinity, 1, -Infinity, 1, 1, 10])
    const { y } = await program.run({ x: input })
    equal(y, [NaN, NaN, 31, 42, Infinity, Infinity, -Infinity, -Infinity, 31, 42], 'NaN and infinities')
    equal((await program.run({ x: x() })).y, [31, 42], 'a run after them')
    const two = await compile(larger())
    const clean = uniform([7, 41])(createRandom('clean'))
    const dirty = { ...clean, data: clean.data.slice() } as Tensor
    dirty.data[3 * 41 + 40] = NaN
    const [before, after] = [(await two.run({ x: clean })).y!, (await two.run({ x: dirty })).y!]
    const wanted = toNumbers(before).map((v, i) => (Math.floor(i / 7) === 3 ? NaN : v))
    equal(after, wanted, 'NaN in one row of seven')
    if (!sameBytes((await two.run({ x: clean })).y, before)) throw new Error('a NaN is left behind for a later run')
  },
  'a missing, unknown or ill-shaped input is a typed error': async ({ program }) => {
    await rejects(() => program.run({}), badInput, 'a missing input')
    await rejects(() => program.run({ x: x(), z: x() }), badInput, 'an unknown input')
    await rejects(() => program.run({ x: float32([1, 3], [1, 2, 3]) }), badInput, 'a wrong size')
    await rejects(() => program.run({ x: float32([2], [1, 2]) }), badInput, 'a wrong rank')
    const integers: Tensor = { dtype: 'int32', shape: [1, 2], data: Int32Array.of(1, 2) }
    await rejects(() => program.run({ x: integers }), badInput, 'a wrong data type')
    equal((await program.run({ x: x() })).y, [31, 42], 'a run after the errors')
  },
  'a wrong shape between right ones changes nothing': async ({ program }) => {
    const seven = float32([7, 2], new Array<number>(14).fill(1))
    const wrong = float32([7, 3], new Array<number>(21).fill(1))
    for (let i = 0; i < 2; i++) {
      await rejects(() => program.run({ x: wrong }), badInput, 'a wrong size')
      equal((await program.run({ x: x() })).y, [31, 42], 'batch 1 after a wrong shape')
      await rejects(() => program.run({ x: wrong }), badInput, 'a wrong size again')
      equal((await program.run({ x: seven })).y, new Array<number[]>(7).fill([4, 6]).flat(), 'batch 7 after it')
    }
  },
  'a mutable initializer is written and read, the graph keeps its own': async ({ program, graph: of }) => {
    equal(await program.read('w'), [1, 2, 3, 4], 'read before any write')
    const values = float32([2, 2], [2, 0, 0, 2])
    program.write('w', values)
    values.data[0] = 99
    equal((await program.run({ x: x() })).y, [2, 20], 'a run after the write')
    equal(await program.read('w'), [2, 0, 0, 2], 'read after the write')
    equal(of.initializers.get('w')!.tensor, [1, 2, 3, 4], 'the graph’s initializer')
  },
  'a write that is not allowed is a typed error': async ({ program }) => {
    await rejects(
      () => program.write('unused', float32([1], [1])),
      [...badInput, 'NOT_FOUND'],
      'writing an immutable one',
    )
    await rejects(() => program.write('none', float32([1], [1])), [...badInput, 'NOT_FOUND'], 'writing an unknown name')
    await rejects(() => program.write('w', float32([4], [1, 2, 3, 4])), badInput, 'writing another shape')
    equal((await program.run({ x: x() })).y, [31, 42], 'a run after the errors')
  },
  'programs at the same time do not disturb each other': async ({ program, graph: of, compile }) => {
    const [other, third] = [await compile(of), await compile(larger())]
    program.write('w', float32([2, 2], [1, 0, 0, 1]))
    const big = uniform([7, 41])(createRandom('big'))
    const alone = (await third.run({ x: big })).y
    const runs = await Promise.all([
      program.run({ x: x() }),
      third.run({ x: big }),
      other.run({ x: x() }),
      program.run({ x: float32([3, 2], [1, 2, 3, 4, 5, 6]) }),
      other.run({ x: float32([2, 2], [1, 0, 0, 1]) }),
    ])
    equal(runs[0].y, [1, 10], 'the program with written weights')
    if (!sameBytes(runs[1].y, alone)) throw new Error('a larger program gave other bytes beside others')
    equal(runs[2].y, [31, 42], 'the program of the same graph')
    equal(runs[3].y, [1, 2, 3, 4, 5, 6], 'a second run of the first program, started before its first ended')
    equal(runs[4].y, [1, 2, 3, 4], 'a second run of the other program')
  },
  'disposing of one program leaves the others alone': async ({ program, graph: of, compile }) => {
    const kept = await compile(larger())
    const input = uniform([2, 41])(createRandom('kept'))
    const before = (await kept.run({ x: input })).y
    const { y } = await program.run({ x: x() })
    program.dispose()
    const later = await compile(of)
    equal((await later.run({ x: x() })).y, [31, 42], 'a program compiled after the other’s dispose')
    if (!sameBytes((await kept.run({ x: input })).y, before)) throw new Error('a program changed when another went')
    equal(y, [31, 42], 'an output of the program that was disposed of')
    await rejects(() => program.run({ x: x() }), ['DISPOSED'], 'run of the one that was disposed of')
  },
  'nothing works after dispose, which may be called twice': async ({ program }) => {
    await program.run({ x: x() })
    program.dispose()
    program.dispose()
    await rejects(() => program.run({ x: x() }), ['DISPOSED'], 'run after dispose')
    await rejects(() => program.read('w'), ['DISPOSED'], 'read after dispose')
    await rejects(() => program.write('w', float32([2, 2], [1, 2, 3, 4])), ['DISPOSED'], 'write after dispose')
  },
}

/** Compiles the contract's graph and checks one part of it. */
export async function runContract(backend: Backend, part: string): Promise<void> {
  const of = graph()
  const programs: Program[] = []
  const compile = async (g: Graph, mutable: readonly string[] = []): Promise<Program> => {
    const program = await backend.compile(g, { mutable })
    programs.push(program)
    return program
  }
  try {
    await contract[part]!({ program: await compile(of, ['w']), graph: of, compile: (g) => compile(g) })
  } finally {
    for (const program of programs) program.dispose()
  }
}
