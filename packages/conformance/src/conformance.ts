import type { Backend } from '@tacojs/runtime'
import type { OperatorCase } from './cases/case.js'
import { cases } from './cases/index.js'
import { contract, runContract } from './contract.js'
import { runCase } from './run-case.js'

export interface ConformanceOptions {
  readonly backend: Backend
  /**
   * What the backend cannot do, each with the reason: an operator (`Conv`, `ai.tacojs.Gelu`) stands for every case with
   * such a node; a case's name or a pattern (`Conv/dilated*`, `*` is any text) for the cases of that name.
   */
  readonly exclude?: Readonly<Record<string, string>>
  /** The test framework's functions: jest's, vitest's or node:test's. */
  readonly test: (name: string, run: () => Promise<void>) => unknown
  readonly describe?: (name: string, body: () => void) => unknown
}

const matches = ({ name, operators }: OperatorCase, pattern: string): boolean =>
  operators.includes(pattern) ||
  new RegExp(
    `^${pattern
      .split('*')
      .map((s) => s.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
  ).test(name)

/**
 * Registers one test per operator case and per part of the Program contract. A case passes when the backend accepts
 * its nodes and agrees with the float64 oracle within the case's tolerance. An excluded case passes only while it
 * fails, and an exclusion that names no case is an error: so a list of exclusions never outlives its reasons.
 */
export function conformance({
  backend,
  exclude = {},
  test,
  describe = (_name, body) => body(),
}: ConformanceOptions): void {
  const patterns = Object.keys(exclude)
  describe(`${backend.name}: operators`, () => {
    for (const operatorCase of cases) {
      const { name } = operatorCase
      const pattern = patterns.find((p) => matches(operatorCase, p))
      if (pattern === undefined) {
        test(name, () => runCase(backend, operatorCase))
        continue
      }
      test(`${name} (excluded: ${exclude[pattern]})`, async () => {
        const fails = await runCase(backend, operatorCase).then(
          () => false,
          () => true,
        )
        if (!fails) throw new Error(`'${name}' passes: take it out of the exclusion '${pattern}'`)
      })
    }
    test('every exclusion names a case', () => {
      const idle = patterns.filter((p) => !cases.some((c) => matches(c, p)))
      return idle.length ? Promise.reject(new Error(`no case is named ${idle.join(', ')}`)) : Promise.resolve()
    })
  })
  describe(`${backend.name}: programs`, () => {
    for (const part of Object.keys(contract)) test(part, () => runContract(backend, part))
  })
}
