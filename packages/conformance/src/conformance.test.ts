import { fromNumbers, float32, opDefinitions, toNumbers } from '@tacojs/graph'
import type { Backend } from '@tacojs/runtime'
import { cases, conformance, runCase, supportTable } from './index.js'
import { operatorName } from './operator-name.js'
import { narrow, oracleBackend } from './testing/oracle-backend.js'

conformance({ backend: oracleBackend(), test, describe })

/** Runs the tests whose names have `word`, with a collecting test function; the names of those that fail. */
async function failures(backend: Backend, word: string, exclude: Record<string, string>): Promise<string[]> {
  const tests: [string, () => Promise<void>][] = []
  conformance({ backend, exclude, test: (name, run) => tests.push([name, run]) })
  const failed: string[] = []
  for (const [name, run] of tests) if (name.includes(word)) await run().catch(() => failed.push(name))
  return failed
}

const find = (name: string) => cases.find((c) => c.name === name)!

describe('the runner', () => {
  test('names are unique and every operator of the graph has a case of its own', () => {
    expect(new Set(cases.map((c) => c.name)).size).toBe(cases.length)
    const covered = supportTable(oracleBackend()).map((row) => row.operator)
    expect(opDefinitions.map(operatorName).filter((op) => !covered.includes(op))).toEqual([])
  })

  test('a backend that is wrong by one part in ten thousand is caught', async () => {
    const wrong = oracleBackend((t) =>
      t.dtype === 'float64'
        ? float32(
            t.shape,
            toNumbers(t).map((v) => v * 1.0001),
          )
        : t,
    )
    await expect(runCase(wrong, find('Conv/3×3'))).rejects.toThrow(/output 'out0': error 1\.00e-4 of the maximum/)
  })

  test('a backend that errs at another batch, or in a second run, is caught', async () => {
    const network = find('network/squeeze-excite')
    expect(network.batches).toEqual([1, 7, 2])
    const atSeven = oracleBackend((t) => (t.shape[0] === 7 ? float32(t.shape, toNumbers(t).fill(0)) : narrow(t)))
    await expect(runCase(atSeven, network)).rejects.toThrow(/at batch 7: error/)
    let runs = 0
    const drifting = oracleBackend((t) =>
      float32(
        t.shape,
        toNumbers(t).map((v) => v * (1 + 2e-7 * runs++)),
      ),
    )
    await expect(runCase(drifting, find('Tanh/one element'))).rejects.toThrow(/second run has other bytes/)
  })

  test('wrong integers, shapes and data types are caught', async () => {
    const argmax = find('ArgMax/default axis')
    const off = oracleBackend((t) =>
      fromNumbers(
        t.dtype,
        t.shape,
        toNumbers(t).map((v) => v + 1),
      ),
    )
    await expect(runCase(off, argmax)).rejects.toThrow(/error/)
    const deeper = oracleBackend((t) => ({ ...t, shape: [...t.shape, 1] }))
    await expect(runCase(deeper, argmax)).rejects.toThrow(/has the shape/)
    const other = oracleBackend((t) => fromNumbers('int32', t.shape, toNumbers(t)))
    await expect(runCase(other, argmax)).rejects.toThrow(/is int32/)
  })

  test('exclusions must fail, and must name a case', async () => {
    const withoutElu = oracleBackend(narrow, 'Elu')
    expect(await failures(withoutElu, 'Elu', { 'Elu/*': 'not written yet', 'fused/*, Elu': 'Elu inside' })).toEqual([])
    expect(await failures(withoutElu, 'Elu', { Elu: 'not written yet' })).toEqual([])
    expect(await failures(withoutElu, 'Elu/', { 'Elu/[41, *': 'brackets are plain text' })).toEqual([
      'Elu/odd [7, 3, 5]',
      'Elu/edges',
      'Elu/one element',
      'Elu/scalar',
      'Elu/alpha',
    ])
    expect(await failures(oracleBackend(), 'exclu', { 'Elu/alpha': 'stale', 'None/*': 'idle' })).toEqual([
      'Elu/alpha (excluded: stale)',
      'every exclusion names a case',
    ])
  })

  test('the support table states reasons', () => {
    const row = supportTable(oracleBackend(narrow, 'Elu')).find((r) => r.operator === 'Elu')!
    expect(row).toEqual({ operator: 'Elu', accepted: 0, cases: row.cases, reasons: ['not written yet'] })
    expect(row.cases).toBeGreaterThan(5)
  })
})
