import { isTacoError } from '@tacojs/errors'
import { createGraph, float32, node, toNumbers, type Graph, type Tensor } from '@tacojs/graph'
import type { Backend, Program } from '@tacojs/runtime'

/** y = x · w, with x [batch, 2] and w [2, 2]. */
const graph = (): Graph =>
  createGraph({
    inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 2] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 2] }],
    nodes: [node('MatMul', ['x', 'w'], ['y'])],
    initializers: { w: float32([2, 2], [1, 2, 3, 4]), unused: float32([1], [0]) },
  })

const x = (): Tensor => float32([1, 2], [1, 10])

function equal(got: Tensor | undefined, want: readonly number[], what: string): void {
  const numbers = got ? toNumbers(got) : []
  if (numbers.join() !== want.join()) throw new Error(`${what}: expected [${want.join()}], got [${numbers.join()}]`)
}

async function rejects(action: () => unknown, codes: readonly string[], what: string): Promise<void> {
  try {
    await action()
  } catch (error) {
    if (isTacoError(error) && codes.includes(error.code)) return
    throw new Error(`${what} should throw a TacoError ${codes.join(' or ')}, but threw ${String(error)}`, {
      cause: error,
    })
  }
  throw new Error(`${what} should throw a TacoError ${codes.join(' or ')}, but threw nothing`)
}

const badInput = ['SHAPE_MISMATCH', 'INVALID_ARGUMENT']

/** What every Program promises, whatever it computes; each part gets a fresh program in which `w` is mutable. */
export const contract: Readonly<Record<string, (program: Program, of: Graph) => Promise<void>>> = {
  'a symbolic dimension takes any size, outputs stay as they were': async (program) => {
    const first = (await program.run({ x: x() })).y
    const second = (await program.run({ x: float32([3, 2], [1, 0, 0, 1, 2, 2]) })).y
    equal(second, [1, 2, 3, 4, 8, 12], 'batch 3')
    equal(first, [31, 42], 'the first run’s output after the second run')
    if (second?.shape.join() !== '3,2') throw new Error(`batch 3 gave the shape [${second?.shape.join()}]`)
  },
  'a missing, unknown or ill-shaped input is a typed error': async (program) => {
    await rejects(() => program.run({}), badInput, 'a missing input')
    await rejects(() => program.run({ x: x(), z: x() }), badInput, 'an unknown input')
    await rejects(() => program.run({ x: float32([1, 3], [1, 2, 3]) }), badInput, 'a wrong size')
    await rejects(() => program.run({ x: float32([2], [1, 2]) }), badInput, 'a wrong rank')
    const integers: Tensor = { dtype: 'int32', shape: [1, 2], data: Int32Array.of(1, 2) }
    await rejects(() => program.run({ x: integers }), badInput, 'a wrong data type')
    equal((await program.run({ x: x() })).y, [31, 42], 'a run after the errors')
  },
  'a mutable initializer is written and read, the graph keeps its own': async (program, of) => {
    equal(await program.read('w'), [1, 2, 3, 4], 'read before any write')
    const values = float32([2, 2], [2, 0, 0, 2])
    program.write('w', values)
    values.data[0] = 99
    equal((await program.run({ x: x() })).y, [2, 20], 'a run after the write')
    equal(await program.read('w'), [2, 0, 0, 2], 'read after the write')
    equal(of.initializers.get('w')!.tensor, [1, 2, 3, 4], 'the graph’s initializer')
  },
  'a write that is not allowed is a typed error': async (program) => {
    await rejects(
      () => program.write('unused', float32([1], [1])),
      [...badInput, 'NOT_FOUND'],
      'writing an immutable one',
    )
    await rejects(() => program.write('none', float32([1], [1])), [...badInput, 'NOT_FOUND'], 'writing an unknown name')
    await rejects(() => program.write('w', float32([4], [1, 2, 3, 4])), badInput, 'writing another shape')
    equal((await program.run({ x: x() })).y, [31, 42], 'a run after the errors')
  },
  'nothing works after dispose': async (program) => {
    await program.run({ x: x() })
    program.dispose()
    await rejects(() => program.run({ x: x() }), ['DISPOSED'], 'run after dispose')
    await rejects(() => program.read('w'), ['DISPOSED'], 'read after dispose')
    await rejects(() => program.write('w', float32([2, 2], [1, 2, 3, 4])), ['DISPOSED'], 'write after dispose')
  },
}

/** Compiles the contract's graph and checks one part of it. */
export async function runContract(backend: Backend, part: string): Promise<void> {
  const of = graph()
  const program = await backend.compile(of, { mutable: ['w'] })
  try {
    await contract[part]!(program, of)
  } finally {
    program.dispose()
  }
}
