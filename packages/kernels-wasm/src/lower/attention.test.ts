import { difference, runOracle } from '@tacojs/conformance'
import { createGraph, node, type Graph, type Tensor } from '@tacojs/graph'
import { kernelsWasm } from '../kernels-wasm.js'
import { Op } from '../opcodes.js'
import { buildPlan } from '../plan/build.js'
import { chunk, type Chunk } from '../plan/words.js'
import { noise } from '../testing/graphs.js'

const graphOf = (heads: number, queries: number, keys: number, width: number, bias = false): Graph =>
  createGraph({
    inputs: [
      { name: 'q', dtype: 'float32', shape: ['batch', heads, queries, width] },
      { name: 'k', dtype: 'float32', shape: ['batch', heads, keys, width] },
      { name: 'v', dtype: 'float32', shape: ['batch', heads, keys, width] },
      ...(bias ? [{ name: 'bias', dtype: 'float32' as const, shape: [1, heads, queries, keys] }] : []),
    ],
    outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', heads, queries, width] }],
    nodes: [
      node('Attention', bias ? ['q', 'k', 'v', 'bias'] : ['q', 'k', 'v'], ['y'], {
        domain: 'ai.tacojs',
        attributes: { scale: 0.5 },
      }),
    ],
  })

const inputsOf = (graph: Graph, batch: number): Record<string, Tensor> =>
  Object.fromEntries(
    graph.inputs.map(({ name, shape }, i) => [
      name,
      noise(
        shape.map((d) => (typeof d === 'number' ? d : batch)),
        i + 1,
      ),
    ]),
  )

/** The units of the plan's attention, [q, k, v, y, bias, vectors] in bytes, and the first of each part. */
function unitsOf(graph: Graph, batch: number, parts: number): { units: number[][]; first: number[] } {
  const inputs = inputsOf(graph, batch)
  const shapes = Object.fromEntries(Object.entries(inputs).map(([name, t]) => [name, t.shape]))
  const plan = buildPlan(graph, shapes, {
    parts,
    mutable: new Set(),
    weights: () => chunk([]),
    form: () => 'auto',
  })
  const { command } = plan.steps.find((s) => s.command?.[0] === Op.Attention)!
  const [, , units, first] = command! as [Op, number, Chunk, Chunk]
  const words = [...units.words] as number[]
  return {
    units: Array.from({ length: words.length / 6 }, (_, i) => words.slice(i * 6, i * 6 + 6)),
    first: [...first.words] as number[],
  }
}

/** Every vector of results, with the inputs it is made from; without a bias its offset means nothing. */
const vectorsOf = (units: number[][], hasBias: boolean): string[] =>
  units.flatMap(([q, k, v, y, bias, vectors]) =>
    Array.from({ length: vectors! }, (_, i) => [q! + 16 * i, k, v, y! + 16 * i, hasBias ? bias! + 16 * i : 0].join()),
  )

describe.each([
  ['197 queries, 3 heads', graphOf(3, 197, 197, 8), 1],
  ['one query', graphOf(3, 1, 50, 8), 1],
  ['49 queries, a batch of 4, 2 heads', graphOf(2, 49, 49, 8), 4],
  ['5 queries, a bias', graphOf(2, 5, 9, 8, true), 2],
])('%s', (_name, graph, batch) => {
  const whole = unitsOf(graph, batch, 1)

  test('one part has all units', () => {
    expect(whole.first).toEqual([0, whole.units.length])
    expect(new Set(whole.units.map((u) => u[3])).size).toBe(whole.units.length)
  })

  test.each([2, 3, 5, 8])('%i parts do each vector once, in the same order, equally', (parts) => {
    const { units, first } = unitsOf(graph, batch, parts)
    const hasBias = graph.inputs.length > 3
    expect(vectorsOf(units, hasBias)).toEqual(vectorsOf(whole.units, hasBias))
    expect([first.length, first[0], first[parts]]).toEqual([parts + 1, 0, units.length])
    const total = units.reduce((sum, u) => sum + u[5]!, 0)
    for (let part = 0; part < parts; part++) {
      const mine = units.slice(first[part], first[part + 1]).reduce((sum, u) => sum + u[5]!, 0)
      expect(first[part + 1]! >= first[part]!).toBe(true)
      expect(Math.abs(mine - total / parts)).toBeLessThanOrEqual(2)
    }
    expect(units.every((u) => u[5]! > 0)).toBe(true)
  })

  test('the results do not depend on the parts', async () => {
    const inputs = inputsOf(graph, batch)
    const run = async (threads: number): Promise<Tensor> => {
      const program = await kernelsWasm({ threads }).compile(graph)
      const { y } = await program.run(inputs)
      program.dispose()
      return y!
    }
    const one = await run(1)
    expect(difference(one, runOracle(graph, inputs).y!).maxError).toBeLessThan(1e-5)
    for (const threads of [2, 3]) expect(await run(threads)).toEqual(one)
  })
})
