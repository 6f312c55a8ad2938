import { TacoError } from '@tacojs/errors'
import {
  float32,
  fromNumbers,
  opDefinitions,
  toNumbers,
  withInitializers,
  type Graph,
  type Tensor,
} from '@tacojs/graph'
import type { Backend, Program } from '@tacojs/runtime'
import { cases, conformance, runCase, runOracle, supportTable } from './index.js'

const narrow = (t: Tensor): Tensor => (t.dtype === 'float64' ? float32(t.shape, toNumbers(t)) : t)

/** A complete backend: the oracle, rounded to float32 at the end. */
function toy(change: (t: Tensor, graph: Graph) => Tensor = narrow, declined?: string): Backend {
  return {
    name: 'toy',
    unsupported: (node) => (node.op === declined ? 'not written yet' : undefined),
    compile: async (source, { mutable = [] } = {}) => {
      let graph = source
      let disposed = false
      const alive = (): void => {
        if (disposed) throw new TacoError('DISPOSED', 'the program was disposed of')
      }
      const program: Program = {
        run: async (inputs) => {
          alive()
          const out = runOracle(graph, inputs)
          return Object.fromEntries(Object.entries(out).map(([name, t]) => [name, change(t, graph)]))
        },
        write: (name, values) => {
          alive()
          const old = graph.initializers.get(name)?.tensor
          if (!old || !mutable.includes(name)) throw new TacoError('INVALID_ARGUMENT', `'${name}' is not mutable`)
          if (old.shape.join() !== values.shape.join())
            throw new TacoError('SHAPE_MISMATCH', `'${name}' has another shape`)
          graph = withInitializers(graph, new Map([[name, { ...values, data: values.data.slice() } as Tensor]]))
        },
        read: async (name) => {
          alive()
          return graph.initializers.get(name)!.tensor
        },
        dispose: () => {
          disposed = true
        },
      }
      return program
    },
  }
}

conformance({ backend: toy(), test, describe })

/** Runs the suite with a collecting test function; the names of the tests that fail. */
async function failures(backend: Backend, exclude: Record<string, string> = {}): Promise<string[]> {
  const tests: [string, () => Promise<void>][] = []
  conformance({ backend, exclude, test: (name, run) => tests.push([name, run]) })
  const failed: string[] = []
  for (const [name, run] of tests) await run().catch(() => failed.push(name))
  return failed
}

describe('the runner', () => {
  test('names are unique and every operator of the graph has a case of its own', () => {
    expect(new Set(cases.map((c) => c.name)).size).toBe(cases.length)
    const covered = supportTable(toy()).map((row) => row.operator)
    expect(
      opDefinitions.map((d) => (d.domain ? `${d.domain}.${d.op}` : d.op)).filter((op) => !covered.includes(op)),
    ).toEqual([])
  })

  test('a backend that is wrong by one part in ten thousand is caught', async () => {
    const wrong = toy((t) =>
      t.dtype === 'float64'
        ? float32(
            t.shape,
            toNumbers(t).map((v) => v * 1.0001),
          )
        : t,
    )
    const conv = cases.find((c) => c.name === 'Conv/3×3')!
    await expect(runCase(wrong, conv)).rejects.toThrow(/output 'out0': error 1\.00e-4 of the maximum/)
  })

  test('wrong integers, shapes and data types are caught', async () => {
    const argmax = cases.find((c) => c.name === 'ArgMax/default axis')!
    const off = toy((t) =>
      fromNumbers(
        t.dtype,
        t.shape,
        toNumbers(t).map((v) => v + 1),
      ),
    )
    await expect(runCase(off, argmax)).rejects.toThrow(/error/)
    await expect(
      runCase(
        toy((t) => ({ ...t, shape: [...t.shape, 1] })),
        argmax,
      ),
    ).rejects.toThrow(/has the shape/)
    await expect(
      runCase(
        toy((t) => fromNumbers('int32', t.shape, toNumbers(t))),
        argmax,
      ),
    ).rejects.toThrow(/is int32/)
  })

  test('exclusions must fail, and must name a case', async () => {
    expect(await failures(toy(narrow, 'Elu'), { 'Elu/*': 'not written yet' })).toEqual([])
    expect(await failures(toy(narrow, 'Elu'), { 'Elu/alpha': 'not written yet' })).toEqual([
      'Elu/odd [7, 3, 5]',
      'Elu/edges',
    ])
    expect(await failures(toy(), { 'Elu/alpha': 'stale', 'None/*': 'idle' })).toEqual([
      'Elu/alpha (excluded: stale)',
      'every exclusion names a case',
    ])
  })

  test('the support table states reasons', () => {
    const row = supportTable(toy(narrow, 'Elu')).find((r) => r.operator === 'Elu')
    expect(row).toEqual({ operator: 'Elu', accepted: 0, cases: 3, reasons: ['not written yet'] })
  })
})
