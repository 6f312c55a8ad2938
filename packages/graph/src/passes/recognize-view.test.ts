import { createGraph, float32, int64, node, type Dim, type Graph, type Node, type Tensor } from '../index.js'
import { recognizeView } from './recognize-view.js'

const sizes = ['batch', 3, 1, 1]

/** Gathers from the flattened x by what `nodes` compute as `i`. */
function graphOf(
  nodes: Node[],
  initializers: Record<string, Tensor>,
  shape: Dim[] = sizes,
  from: Dim[] = sizes,
): Graph {
  return createGraph({
    inputs: [{ name: 'x', dtype: 'float32', shape: from }],
    outputs: [{ name: 'y', dtype: 'float32', shape }],
    nodes: [node('Reshape', ['x', 'all'], ['flat']), ...nodes, node('Gather', ['flat', 'i'], ['y'])],
    initializers: { all: int64([1], [-1]), scale: float32([], [1]), ...initializers },
  })
}

const last = (graph: Graph): Node => recognizeView(graph).nodes.at(-1)!

/** The batch as a number, ranges over it and over the channels, as torch.export writes as_strided. */
const strided = (step: number, first = 0): [Node[], Record<string, Tensor>] => [
  [
    node('Shape', ['x'], ['n'], { attributes: { start: 0, end: 1 } }),
    node('Squeeze', ['n'], ['limit']),
    node('Range', ['zero', 'limit', 'one'], ['rows']),
    node('Mul', ['rows', 'step'], ['scaled']),
    node('Reshape', ['scaled', 'column'], ['spread']),
    node('Add', ['spread', 'channels'], ['sum']),
    node('Add', ['sum', 'first'], ['i']),
  ],
  {
    zero: int64([], [0]),
    one: int64([], [1]),
    step: int64([], [step]),
    first: int64([], [first]),
    column: int64([4], [-1, 1, 1, 1]),
    channels: int64([1, 3, 1, 1], [0, 1, 2]),
  },
]

test('indices 0, 1, 2 … of a batch that is not known', () => {
  expect(last(graphOf(...strided(3)))).toMatchObject({ op: 'Identity', inputs: ['x'] })
  const [nodes, constants] = strided(3)
  const other = recognizeView(graphOf(nodes, constants, sizes, ['batch', 1, 3]))
  expect(other.nodes.at(-1)).toMatchObject({ op: 'Reshape', inputs: ['x', 'y.shape'] })
  expect(other.initializers.get('y.shape')!.tensor).toEqual(int64([4], [-1, 3, 1, 1]))
})

test('other strides, another first element and fewer elements stay', () => {
  expect(last(graphOf(...strided(4))).op).toBe('Gather')
  expect(last(graphOf(...strided(3, 1))).op).toBe('Gather')
  expect(last(graphOf([], { i: int64([2, 2], [0, 1, 2, 3]) }, [2, 2], [2, 3])).op).toBe('Gather')
})

test('constant indices', () => {
  expect(last(graphOf([], { i: int64([3, 2], [0, 1, 2, 3, 4, 5]) }, [3, 2], [2, 3])).op).toBe('Reshape')
  expect(last(graphOf([], { i: int64([3, 2], [0, 1, 2, 3, 5, 4]) }, [3, 2], [2, 3])).op).toBe('Gather')
})
