import type { Backend } from '@tacojs/runtime'
import { cases } from './cases/index.js'

export interface Support {
  /** `ai.tacojs.` stands before the operators of our own. */
  readonly operator: string
  /** How many of the operator's cases the backend accepts, of how many. */
  readonly accepted: number
  readonly cases: number
  /** Why the others are declined, each reason once. */
  readonly reasons: readonly string[]
}

/** What the backend says it can run, operator by operator. Nothing is run: `conformance` proves it. */
export function supportTable(backend: Backend): Support[] {
  const table = new Map<string, { accepted: number; cases: number; reasons: Set<string> }>()
  for (const operatorCase of cases) {
    if (operatorCase.operators.length !== 1) continue
    const [operator] = operatorCase.operators as [string]
    const row = table.get(operator) ?? { accepted: 0, cases: 0, reasons: new Set<string>() }
    table.set(operator, row)
    const graph = operatorCase.graph()
    const reasons = graph.nodes.map((n) => backend.unsupported(n, graph)).filter((r) => r !== undefined)
    row.cases++
    if (reasons.length === 0) row.accepted++
    for (const reason of reasons) row.reasons.add(reason)
  }
  return [...table].map(([operator, row]) => ({ operator, ...row, reasons: [...row.reasons] }))
}
