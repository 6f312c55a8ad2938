import { createGraph, node } from '@tacojs/graph'
import { registerBackend } from '@tacojs/runtime'
import { bundledBackends } from '../backends.js'
import { obstacles } from './backends.js'

test('reasons with the nodes that they hold for, of every registered backend', () => {
  registerBackend({
    name: 'picky',
    unsupported: ({ op, name }) => (op === 'Relu' ? 'no Relu' : name === 'last' ? 'not the last' : undefined),
    compile: () => Promise.reject(new Error('nothing is compiled')),
  })
  const graph = createGraph({
    inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 2] }],
    outputs: [{ name: 'z', dtype: 'float32', shape: ['batch', 2] }],
    nodes: [node('Relu', ['x'], ['a']), node('Relu', ['a'], ['b']), node('Neg', ['b'], ['z'], { name: 'last' })],
  })
  expect(obstacles(graph)).toEqual({
    ...Object.fromEntries(bundledBackends.map((name) => [name, []])),
    picky: [
      { reason: 'no Relu', nodes: ['a', 'b'] },
      { reason: 'not the last', nodes: ['last'] },
    ],
  })
})
