import { difference, runOracle } from '@tacojs/conformance'
import { int64, node, withInitializers, type Graph, type Node, type Tensor } from '@tacojs/graph'
import { kernelsWasm } from '../kernels-wasm.js'
import { graphOf, noise } from '../testing/graphs.js'

// one tensor of weights, read by layers that find their inputs in other places

const backend = kernelsWasm()

async function expectAgreement(graph: Graph): Promise<void> {
  const shape = graph.inputs[0]!.shape.map((d) => (typeof d === 'number' ? d : 2))
  const x = noise(shape, 5)
  const program = await backend.compile(graph)
  const { y } = await program.run({ x })
  program.dispose()
  expect(difference(y!, runOracle(graph, { x }).y!).maxError).toBeLessThan(1e-5)
}

const linear = (from: string, to: string): Node => node('Linear', [from, 'w'], [to], { domain: 'ai.tacojs' })
const conv = (from: string, to: string, attributes = {}, w = 'w'): Node => node('Conv', [from, w], [to], { attributes })
const sum = node('Add', ['a', 'b'], ['y'])
const reordered = int64([8], [0, 1, 3, 2, 5, 4, 6, 7])

const features = (nodes: Node[], more: Record<string, Tensor> = {}): Graph =>
  graphOf([5, 8], [...nodes, sum], { w: noise([8, 8], 1), ...more })
const images = (nodes: Node[], w: Tensor, more: Record<string, Tensor> = {}): Graph =>
  graphOf([4, 9, 9], [...nodes, sum], { w, ...more })

test.each<[string, Graph]>([
  ['as it is and transposed', features([linear('x', 'a'), node('MatMul', ['x', 'w'], ['b'])])],
  [
    'features in order and reordered',
    features(
      [
        node('MatMul', ['x', 'first'], ['h']),
        linear('h', 'a'),
        node('Gather', ['h', 'order'], ['g'], { attributes: { axis: 2 } }),
        linear('g', 'b'),
      ],
      { first: noise([8, 8], 2), order: reordered },
    ),
  ],
  [
    'dilations',
    images(
      [
        conv('x', 'a', { pads: [1, 1, 1, 1] }),
        conv('x', 'c', { pads: [1, 1, 1, 1], dilations: [2, 2] }),
        node('Pad', ['c', 'pads'], ['b']),
      ],
      noise([4, 4, 3, 3], 3),
      { pads: int64([8], [0, 0, 1, 1, 0, 0, 1, 1]) },
    ),
  ],
  [
    'dilations, of stride 2',
    images(
      [
        conv('x', 'a', { pads: [1, 1, 1, 1], strides: [2, 2] }),
        conv('x', 'c', { pads: [1, 1, 1, 1], dilations: [3, 3], strides: [2, 2] }),
        node('Pad', ['c', 'pads'], ['b']),
      ],
      noise([4, 4, 3, 3], 3),
      { pads: int64([8], [0, 0, 1, 1, 0, 0, 1, 1]) },
    ),
  ],
  [
    'groups',
    images([conv('x', 'h', {}, 'first'), conv('h', 'a'), conv('x', 'b', { group: 2 })], noise([4, 2, 1, 1], 3), {
      first: noise([2, 4, 1, 1], 4),
    }),
  ],
  [
    'channels in order and reordered',
    images(
      [
        conv('x', 'h', {}, 'first'),
        conv('h', 'a'),
        node('Gather', ['h', 'order'], ['g'], { attributes: { axis: 1 } }),
        conv('g', 'b'),
      ],
      noise([4, 4, 1, 1], 3),
      { first: noise([4, 4, 1, 1], 4), order: int64([4], [0, 1, 3, 2]) },
    ),
  ],
])('%s', (_name, graph) => expectAgreement(graph))

test('other factors after the layer, in another graph', async () => {
  const graph = graphOf([5, 8], [linear('x', 'a'), node('LayerScale', ['a', 's'], ['y'], { domain: 'ai.tacojs' })], {
    w: noise([8, 8], 1),
    s: noise([8], 2),
  })
  await expectAgreement(graph)
  await expectAgreement(withInitializers(graph, new Map([['s', noise([8], 3)]])))
  await expectAgreement(graph)
})
