import { createGraph, float32, node, opDefinition, opDefinitions, withInitializers } from './index.js'

const x = { name: 'x', dtype: 'float32', shape: ['batch', 2] } as const

test('a node is named for its first output unless told otherwise', () => {
  expect(node('Relu', ['x'], ['y'])).toEqual({
    name: 'y',
    op: 'Relu',
    domain: '',
    inputs: ['x'],
    outputs: ['y'],
    attributes: {},
  })
  expect(node('Gelu', ['x'], ['y'], { name: 'act', domain: 'ai.tacojs' })).toMatchObject({
    name: 'act',
    domain: 'ai.tacojs',
  })
})

test('initializers: a record or a map, bare tensors or with a note', () => {
  const w = float32([2], [1, 0])
  const noted = { tensor: w, sparsity: { pattern: 'unstructured', nonzeros: 1 } }
  const parts = { inputs: [x], outputs: [], nodes: [] }
  expect(createGraph({ ...parts, initializers: { w } }).initializers).toEqual(new Map([['w', { tensor: w }]]))
  expect(createGraph({ ...parts, initializers: new Map([['w', noted]]) }).initializers.get('w')).toBe(noted)
  expect(createGraph(parts).name).toBe('graph')
})

test('replaced initializers leave the old graph as it was', () => {
  const before = createGraph({ inputs: [x], outputs: [], nodes: [], initializers: { w: float32([1], [1]) } })
  const after = withInitializers(before, new Map([['w', float32([1], [2])]]))
  expect(before.initializers.get('w')!.tensor.data[0]).toBe(1)
  expect(after.initializers.get('w')!.tensor.data[0]).toBe(2)
})

test('operators are listed once, and found by name and domain', () => {
  const names = opDefinitions.map((d) => `${d.domain}:${d.op}`)
  expect(new Set(names).size).toBe(names.length)
  for (const definition of opDefinitions) expect(opDefinition(definition.op, definition.domain)).toBe(definition)
  expect(opDefinition('Linear')).toBeUndefined()
  expect(opDefinition('toString')).toBeUndefined()
})
