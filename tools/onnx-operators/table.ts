import type { Outcome } from './run-case.js'

/** A case with what became of it on each way of running it. */
export interface CaseReport {
  readonly suite: string
  readonly name: string
  readonly opset: number | undefined
  readonly operators: ReadonlySet<string>
  readonly outcomes: Readonly<Record<string, Outcome>>
}

/** Names of the ways of running a case, as `runners` has them, and as a reader knows them. */
const columns = { optimized: 'oracle', wasm: 'wasm', 'tfjs-cpu': 'tfjs' } as const

const passed = ({ kind }: Outcome): boolean => kind.startsWith('passed')

/** The same reason, whichever node it is of. */
const general = (reason: string): string =>
  reason
    .replace(/^[^:]*(node ['"].*?['"]|the \w+ node that makes ".*?")( \(\w+\))?:? /, '')
    .replace(/^[\w-]+ cannot run this graph: /, '')
    .replace(/ ?\(node '.*?'\)|node '.*?' \(\w+\): /g, '')
    .replace(/^(input|output|tensor) ".*?"/, 'an $1')
    .replace(/^its output ".*?"/, 'its second output')
    .replace(/"(?=[^"]*$)|"/g, '`')

/** Markdown: a row for each operator that a single-operator case passes, then the operators that are refused. */
export function tables(reports: readonly CaseReport[]): string {
  const single = new Map<string, CaseReport[]>()
  for (const report of reports) {
    const [operator, ...others] = [...report.operators].filter((op) => op !== 'Constant')
    if (operator === undefined || others.length > 0 || report.name.endsWith('_expanded')) continue
    single.set(operator, [...(single.get(operator) ?? []), report])
  }
  const rows = [...single].sort(([a], [b]) => (a < b ? -1 : 1))
  const known = rows.filter(([, list]) => list.some((r) => passed(r.outcomes.optimized!)))
  const refused = rows.filter(([, list]) => !list.some((r) => passed(r.outcomes.optimized!)))
  const named = (operator: string): string => operator.replace('ai.onnx.preview.training.', 'training ')
  const reasonOf = ([, [first]]: (typeof rows)[number]): string => {
    const outcome = first!.outcomes.optimized!
    return 'reason' in outcome ? general(outcome.reason) : ''
  }
  const byName = refused.filter((r) => /^operators of domain|^operator \w+ is not supported$/.test(reasonOf(r)))
  const inForm = refused.filter((r) => !byName.includes(r)).map((r) => `${named(r[0])} (${reasonOf(r)})`)
  return [
    totals(reports),
    '',
    `| operator | opsets | cases | ${Object.values(columns).join(' | ')} | what is refused |`,
    `| --- | --- | --- | ${Object.values(columns)
      .map(() => '---')
      .join(' | ')} | --- |`,
    ...known.map(([operator, list]) => row(operator, list)),
    '',
    `Refused by name: ${byName.map(([operator]) => named(operator)).join(', ')}.`,
    ...(inForm.length ? ['', `Refused in the form that the cases have: ${inForm.join('; ')}.`] : []),
  ].join('\n')
}

function totals(reports: readonly CaseReport[]): string {
  const suites = [...new Set(reports.map((r) => r.suite))]
  const head = [
    '| suite | cases | passed by the oracle | refused | wrong | passed on wasm | on tfjs |',
    '| --- | --- | --- | --- | --- | --- | --- |',
  ]
  const count = (list: readonly CaseReport[], column: string, test: (o: Outcome) => boolean): number =>
    list.filter((r) => test(r.outcomes[column]!)).length
  const line = (name: string, list: readonly CaseReport[]): string => {
    const refused = count(list, 'optimized', ({ kind }) => kind === 'refused')
    const wrong = list.filter((r) => Object.values(r.outcomes).some(({ kind }) => kind === 'wrong')).length
    const on = (column: string): number => count(list, column, passed)
    return `| ${name} | ${list.length} | ${on('optimized')} | ${refused} | ${wrong} | ${on('wasm')} | ${on('tfjs-cpu')} |`
  }
  return [
    ...head,
    ...suites.map((s) =>
      line(
        `\`${s}\``,
        reports.filter((r) => r.suite === s),
      ),
    ),
    line('all', reports),
  ].join('\n')
}

function row(operator: string, list: readonly CaseReport[]): string {
  const opsets = list.map((r) => r.opset ?? 0)
  const [low, high] = [Math.min(...opsets), Math.max(...opsets)]
  const cells = Object.keys(columns).map((column) => list.filter((r) => passed(r.outcomes[column]!)).length)
  const reasons = new Map<string, string[]>()
  for (const [column, label] of Object.entries(columns)) {
    for (const { outcomes } of list) {
      const outcome = outcomes[column]!
      if (outcome.kind !== 'refused') continue
      const reason = general(outcome.reason)
      const where = reasons.get(reason) ?? []
      if (!where.includes(label)) where.push(label)
      reasons.set(reason, where)
    }
  }
  const why = [...reasons].map(([reason, where]) =>
    where.includes('oracle') ? reason : `${where.join(', ')}: ${reason}`,
  )
  return `| ${operator} | ${low === high ? low : `${low}, ${high}`} | ${list.length} | ${cells.join(' | ')} | ${why.join('; ').replaceAll('|', '\\\\|')} |`
}
