import type { TacoError } from '@tacojs/errors'
import {
  costs,
  createGraph,
  expandFused,
  float32,
  inferTypes,
  node,
  prunableLayers,
  restrictHead,
  subgraph,
  totalCosts,
  zeros,
  type Graph,
} from './index.js'

const linear = (x: string, name: string, y: string) =>
  node('Linear', [x, `${name}.weight`, `${name}.bias`], [y], { domain: 'ai.tacojs', name })

/** stem → two residual layers → gate-free skip → head, of four features and three classes. */
function network(): Graph {
  const weights = Object.fromEntries(
    ['stem', 'block.fc1', 'block.fc2'].flatMap((n) => [
      [
        `${n}.weight`,
        float32(
          [4, 4],
          Array.from({ length: 16 }, (_, i) => i % 4),
        ),
      ],
      [`${n}.bias`, zeros('float32', [4])],
    ]),
  )
  return createGraph({
    inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 4] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 3] }],
    nodes: [
      linear('x', 'stem', 's'),
      linear('s', 'block.fc1', 'a'),
      node('Relu', ['a'], ['b']),
      linear('b', 'block.fc2', 'c'),
      node('Add', ['s', 'c'], ['d']),
      linear('d', 'head', 'logits'),
      node('Softmax', ['logits'], ['y'], { attributes: { axis: -1 } }),
    ],
    initializers: {
      ...weights,
      'head.weight': float32([3, 4], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
      'head.bias': float32([3], [7, 8, 9]),
    },
  })
}

const code = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    return (error as TacoError).code
  }
  return 'none'
}

test('prunable layers: inside the residual block; all of them on request', () => {
  const graph = network()
  expect(prunableLayers(graph).map((l) => l.name)).toEqual(['block.fc1', 'block.fc2'])
  expect(prunableLayers(graph)[0]).toMatchObject({
    kind: 'Linear',
    rows: 4,
    cols: 4,
    groups: 1,
    bias: 'block.fc1.bias',
  })
  expect(prunableLayers(graph, { all: true })).toHaveLength(4)
})

test('prunable layers of a chain: all but the first and the last', () => {
  const graph = network()
  const nodes = graph.nodes
    .filter((n) => n.op !== 'Add')
    .map((n) => (n.name === 'head' ? linear('c', 'head', 'logits') : n))
  expect(prunableLayers({ ...graph, nodes }).map((l) => l.name)).toEqual(['block.fc1', 'block.fc2'])
})

test('a head restricted to classes has their rows in that order', () => {
  const graph = restrictHead(network(), [2, 0])
  expect(graph.initializers.get('head.weight')!.tensor).toEqual(float32([2, 4], [8, 9, 10, 11, 0, 1, 2, 3]))
  expect(graph.initializers.get('head.bias')!.tensor).toEqual(float32([2], [9, 7]))
  expect(graph.outputs[0]!.shape).toEqual(['batch', 2])
})

test('a head that cannot be traced is gathered', () => {
  const graph = network()
  const nodes = graph.nodes.map((n) =>
    n.op === 'Softmax' ? node('Cast', ['logits'], ['y'], { attributes: { to: 1 } }) : n,
  )
  expect(restrictHead({ ...graph, nodes }, [1]).nodes.at(-1)!.op).toBe('Gather')
})

test.each([
  ['an operator that is not followed', [node('Clip', ['logits'], ['z']), node('Softmax', ['z'], ['y'])], 'z'],
  ['logits that are an output as well', [node('LogSoftmax', ['logits'], ['y'])], 'logits'],
])('before a softmax the logits are gathered, for its sum is over them: %s', (_, last, logits) => {
  const graph = network()
  const outputs = [graph.outputs[0]!, { ...graph.outputs[0]!, name: 'logits' }]
  const { nodes } = restrictHead({ ...graph, outputs, nodes: [...graph.nodes.slice(0, -1), ...last] }, [2, 0])
  const [gather, softmax] = nodes.slice(-2)
  expect(gather).toMatchObject({ op: 'Gather', inputs: [logits, 'y.kept.classes'], outputs: ['y.kept'] })
  expect(softmax).toMatchObject({ op: last.at(-1)!.op, inputs: ['y.kept'], outputs: ['y'] })
  expect(nodes.filter(({ op }) => op === softmax!.op)).toHaveLength(1)
})

test('who else reads the probabilities of all classes has them', () => {
  const graph = network()
  const outputs = [graph.outputs[0]!, { ...graph.outputs[0]!, name: 'twice' }]
  const nodes = [...graph.nodes, node('Add', ['y', 'y'], ['twice'])]
  const restricted = restrictHead({ ...graph, outputs, nodes }, [1])
  const types = inferTypes(restricted)
  expect(types.get('y')!.shape).toEqual(['batch', 1])
  expect(types.get('twice')!.shape).toEqual(['batch', 3])
})

test('what other outputs make of the logits keeps all classes', () => {
  const graph = network()
  const logits = { ...graph.outputs[0]!, name: 'logits' }
  const restricted = restrictHead({ ...graph, outputs: [logits, graph.outputs[0]!] }, [2, 0])
  expect(restricted.outputs.map((o) => o.shape)).toEqual([
    ['batch', 2],
    ['batch', 3],
  ])
  const types = inferTypes(restricted)
  expect(restricted.outputs.map((o) => types.get(o.name)!.shape)).toEqual(restricted.outputs.map((o) => o.shape))
  expect(restricted.initializers.get('head.weight')).toBe(graph.initializers.get('head.weight'))
})

test.each([[[3]], [[-1]], [[1.5]], [[0, 0]], [[]]])('classes %j are refused', (classes: number[]) => {
  expect(code(() => restrictHead(network(), classes))).toBe('INVALID_ARGUMENT')
})

test('a slice holds only what it needs, and shares the weights', () => {
  const graph = network()
  const part = subgraph(graph, ['s'], ['d'])
  expect(part.nodes.map((n) => n.op)).toEqual(['Linear', 'Relu', 'Linear', 'Add'])
  expect(part.inputs).toEqual([{ name: 's', dtype: 'float32', shape: ['batch', 4] }])
  expect([...part.initializers.keys()]).toHaveLength(4)
  expect(part.initializers.get('block.fc1.weight')).toBe(graph.initializers.get('block.fc1.weight'))
  expect(code(() => subgraph(graph, ['a'], ['d']))).toBe('INVALID_ARGUMENT')
  expect(code(() => subgraph(graph, ['nowhere'], ['d']))).toBe('INVALID_ARGUMENT')
})

test('costs: products, parameters and what of them is not zero', () => {
  const layers = costs(network())
  expect(layers.find((l) => l.node === 'block.fc1')).toEqual({
    node: 'block.fc1',
    op: 'Linear',
    macs: 16,
    parameters: 20,
    nonzeros: 12,
  })
  expect(totalCosts(network())).toEqual({ macs: 60, parameters: 75, nonzeros: 36 + 11 + 3 })
})

test('an expanded graph has ONNX operators only', () => {
  expect(expandFused(network()).nodes.every((n) => n.domain === '')).toBe(true)
})
