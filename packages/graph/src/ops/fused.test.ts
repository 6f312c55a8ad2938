import { expandFused } from '../expand-fused.js'
import type { Dim } from '../graph.js'
import { inferTypes } from '../infer.js'
import { float32 } from '../tensor.js'
import { failure, graphOfOne, shapeOf, type ApplyOptions, type Operand } from '../testing/apply.js'
import { opDefinitions } from './index.js'

const weight = float32([2, 3], [1, 2, 3, 4, 5, 6])
const options = (attributes: ApplyOptions['attributes'] = {}): ApplyOptions => ({ attributes, domain: 'ai.tacojs' })
const q = ['batch', 3, 5, 4]

const cases: [string, Operand[], ApplyOptions['attributes'], Dim[], string[]][] = [
  ['Linear', [['batch', 5, 3], weight, [2]], {}, ['batch', 5, 2], ['MatMul', 'Add']],
  ['Linear', [['batch', 3], weight], {}, ['batch', 2], ['MatMul']],
  [
    'Linear',
    [
      ['batch', 3],
      [2, 3],
    ],
    {},
    ['batch', 2],
    ['Transpose', 'MatMul'],
  ],
  ['Gelu', [['batch', 3]], {}, ['batch', 3], ['Mul', 'Mul', 'Erf', 'Add', 'Mul']],
  [
    'Gelu',
    [['batch', 3]],
    { approximate: 'tanh' },
    ['batch', 3],
    ['Mul', 'Mul', 'Mul', 'Mul', 'Add', 'Mul', 'Tanh', 'Add', 'Mul'],
  ],
  [
    'Attention',
    [q, ['batch', 3, 7, 4], ['batch', 3, 7, 6], [3, 5, 7]],
    { scale: 0.5 },
    ['batch', 3, 5, 6],
    ['Transpose', 'MatMul', 'Mul', 'Add', 'Softmax', 'MatMul'],
  ],
  ['LayerScale', [['batch', 5, 3], [3]], {}, ['batch', 5, 3], ['Mul']],
  [
    'ExpandBatch',
    [
      [1, 1, 3],
      ['batch', 9],
    ],
    {},
    ['batch', 1, 3],
    ['Shape', 'Concat', 'Expand'],
  ],
  ['ExpandBatch', [[1], ['batch', 9]], {}, ['batch'], ['Shape', 'Expand']],
]

test.each(cases)('%s: shape, and the same shape from its expansion', (op, operands, attributes, shape, ops) => {
  const graph = graphOfOne(op, operands, options(attributes))
  const type = { dtype: 'float32' as const, shape }
  expect(inferTypes(graph).get('y0')).toEqual(type)
  const expanded = expandFused({ ...graph, outputs: [{ name: 'y0', ...type }] })
  expect(expanded.nodes.map((n) => n.op).sort()).toEqual([...ops].sort())
  expect(expanded.nodes.every((n) => n.domain === '')).toBe(true)
  expect(inferTypes(expanded).get('y0')).toEqual(type)
})

test('every operator of our own has an expansion, and no other', () => {
  for (const { op, domain, expand } of opDefinitions) expect([op, expand !== undefined]).toEqual([op, domain !== ''])
})

test.each<[string, Operand[], ApplyOptions['attributes']]>([
  ['Linear', [['batch', 4], weight], {}],
  ['Linear', [['batch', 3], weight, [3]], {}],
  ['Attention', [q, ['batch', 3, 7, 5], ['batch', 3, 7, 6]], { scale: 1 }],
  ['Attention', [q, ['batch', 3, 7, 4], ['batch', 3, 8, 6]], { scale: 1 }],
  ['Attention', [q, ['batch', 3, 7, 4], ['batch', 3, 7, 6], [5, 6]], { scale: 1 }],
  ['LayerScale', [['batch', 5, 3], [5]], {}],
  [
    'ExpandBatch',
    [
      [2, 3],
      ['batch', 9],
    ],
    {},
  ],
])('%s of %j is refused', (op, operands, attributes) => {
  expect(failure(() => shapeOf(op, operands, options(attributes)))).toMatch(/^SHAPE_MISMATCH: node 'n'/)
})
