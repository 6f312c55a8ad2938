/**
 * Runs ONNX's own operator cases (Debian package libonnx-testdata; another folder by ONNX_TEST_DATA) on the oracle and
 * on the backends, and compares the tables that they give with those in model-io's README; `--write` writes them there.
 * An argument that is part of names runs those cases only, and lists what is not passed. The exit status is 1 where a
 * result is wrong or the README is not what this run says.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { kernelsWasm } from '@tacojs/kernels-wasm'
import { tfjs } from '@tacojs/kernels-tfjs'
import { onnxOperators } from '@tacojs/model-io'
import { format, resolveConfig } from 'prettier'
import { readCases } from './cases.js'
import { runCase, runners, type Outcome } from './run-case.js'
import { tables, type CaseReport } from './table.js'

const folder = process.env.ONNX_TEST_DATA ?? '/usr/share/libonnx-testdata/data'
const readme = fileURLToPath(new URL('../../packages/model-io/README.md', import.meta.url))
const [begin, end] = ['<!-- operators: begin -->', '<!-- operators: end -->']

const write = process.argv.includes('--write')
const filter = process.argv.slice(2).find((a) => !a.startsWith('-'))

if (!existsSync(folder)) {
  console.info(`skipped: ${folder} is missing (Debian package libonnx-testdata)`)
  process.exit(0)
}
const all = runners([kernelsWasm(), tfjs({ engine: 'cpu' })])
const reports: CaseReport[] = []
for (const onnxCase of readCases(folder)) {
  if (filter && !onnxCase.name.includes(filter)) continue
  const outcomes: Record<string, Outcome> = {}
  for (const [name, run] of Object.entries(all)) outcomes[name] = await runCase(onnxCase, name, run)
  reports.push({ suite: onnxCase.suite, name: onnxCase.name, ...onnxOperators(onnxCase.model), outcomes })
}

let failures = 0
for (const { suite, name, outcomes } of reports) {
  for (const [runner, outcome] of Object.entries(outcomes)) {
    if (outcome.kind === 'wrong') failures++
    if (outcome.kind === 'passed' || (outcome.kind !== 'wrong' && !filter)) continue
    console.log(`${suite}/${name} on ${runner}: ${outcome.kind}: ${outcome.reason}`)
  }
}
if (!filter) {
  const text = readFileSync(readme, 'utf8')
  const [from, to] = [text.indexOf(begin) + begin.length, text.indexOf(end)]
  if (to < from) throw new Error(`${readme} has no place for the tables`)
  const config = await resolveConfig(readme)
  const wanted = await format(`${text.slice(0, from)}\n\n${tables(reports)}\n\n${text.slice(to)}`, {
    ...config,
    parser: 'markdown',
  })
  if (write) writeFileSync(readme, wanted)
  else if (wanted !== text) {
    failures++
    console.log('the tables of operators in packages/model-io/README.md are not those of this run: run it with --write')
  }
}
console.log(`# pass ${reports.length * Object.keys(all).length - failures}\n# fail ${failures}`)
process.exit(failures > 0 ? 1 : 0)
