import { readFileSync } from 'node:fs'
import { opDefinitions } from '@tacojs/graph'
import { conformance, supportTable } from './index.js'
import { operatorName } from './operator-name.js'
import { toy } from './testing/toy-backend.js'

const known = ['Add', 'Mul', 'Relu', 'Neg', 'MatMul']
const unknown = opDefinitions.map(operatorName).filter((op) => !known.includes(op))

conformance({
  backend: toy,
  exclude: {
    ...Object.fromEntries(unknown.map((op) => [op, `there is no kernel for ${op}`])),
    'MatMul/vectors': 'MatMul is by one matrix only',
    'MatMul/vector on the right': 'MatMul is by one matrix only',
    'MatMul/batched': 'MatMul is by one matrix only',
    'MatMul/batches*': 'MatMul is by one matrix only',
    'MatMul/one matrix by batched': 'MatMul is by one matrix only',
    'MatMul/constant on the left': 'MatMul is by one matrix only',
    '*/int64': 'the toy knows float32 only',
  },
  test,
  describe,
})

test('a backend fits in a hundred lines, and what it cannot do it says', () => {
  const text = readFileSync(new URL('./testing/toy-backend.ts', import.meta.url), 'utf8')
  expect(text.trimEnd().split('\n').length).toBeLessThan(100)
  const table = supportTable(toy)
  expect(table.filter((row) => row.accepted > 0).map((row) => row.operator)).toEqual(
    opDefinitions.map(operatorName).filter((op) => known.includes(op)),
  )
  expect(table.find((row) => row.operator === 'MatMul')!.reasons).toEqual(['MatMul is by one matrix only'])
})
