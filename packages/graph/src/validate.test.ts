import { createGraph, float32, node, validateGraph, type Graph, type Node } from './index.js'
import { failure } from './testing/apply.js'

const info = (name: string, shape: (number | string)[] = [2]) => ({ name, dtype: 'float32' as const, shape })

const graphOf = (nodes: Node[], parts: Partial<Parameters<typeof createGraph>[0]> = {}): Graph =>
  createGraph({ inputs: [info('x')], outputs: [info('y')], nodes, ...parts })

const relu = (from: string, to: string, name = to): Node => node('Relu', [from], [to], { name })

test('a sound graph passes', () => {
  expect(() => validateGraph(graphOf([relu('x', 'a'), relu('a', 'y')]))).not.toThrow()
})

const w = float32([2], [1, 2])
test.each<[string, Graph, RegExp]>([
  [
    'a cycle',
    graphOf([node('Add', ['x', 'b'], ['a']), relu('a', 'b'), relu('b', 'y')]),
    /uses 'b' before node 'b' .*cycle/,
  ],
  ['not sorted', graphOf([relu('a', 'y'), relu('x', 'a')]), /uses 'a' before node 'a' makes it/],
  ['a ghost', graphOf([node('Add', ['x', 'ghost'], ['y'])]), /uses the value 'ghost', which nothing makes/],
  ['a value made twice', graphOf([relu('x', 'y'), relu('x', 'y', 'again')]), /'y' is made twice/],
  ['a node over an input', graphOf([relu('x', 'x'), relu('x', 'y')]), /'x' is made twice/],
  [
    'a node over an initializer',
    graphOf([relu('x', 'w'), relu('w', 'y')], { initializers: { w } }),
    /'w' is made twice/,
  ],
  ['two nodes of one name', graphOf([relu('x', 'a', 'n'), relu('a', 'y', 'n')]), /two nodes are named 'n'/],
  ['an output that nothing makes', graphOf([relu('x', 'a')]), /output 'y' is made by nothing/],
  ['no output', graphOf([relu('x', 'y')], { outputs: [] }), /no output/],
  ['too few inputs', graphOf([node('Add', ['x'], ['y'])]), /\(Add\) has 1 inputs; it takes 2 to 2/],
  ['too many outputs', graphOf([node('Relu', ['x'], ['y', 'z'])]), /has 2 outputs/],
  [
    'an absent input that is needed',
    graphOf([node('Add', ['', 'x'], ['y'])]),
    /input 0 of node 'y' \(Add\) is not optional/,
  ],
  ['a negative input size', graphOf([relu('x', 'y')], { inputs: [info('x', [-1])] }), /input 'x' has the shape \[-1\]/],
  [
    'a weight of another size',
    graphOf([relu('x', 'y')], { initializers: { w: { tensor: { ...w, shape: [-1, -2] } } } }),
    /initializer 'w' of shape \[-1, -2\]/,
  ],
])('%s is refused', (_name, graph, message) => {
  expect(failure(() => validateGraph(graph))).toMatch(message)
  expect(failure(() => validateGraph(graph))).toMatch(/^INVALID_MODEL/)
})

test('an unknown operator is named with its node', () => {
  const message = (op: string, domain: '' | 'ai.tacojs'): string =>
    failure(() => validateGraph(graphOf([node(op, ['x'], ['y'], { name: 'n1', domain })])))
  expect(message('FancyNewOp', '')).toBe("UNSUPPORTED: operator 'FancyNewOp' of node 'n1' is not supported")
  expect(message('Relu', 'ai.tacojs')).toMatch(/^UNSUPPORTED: operator 'ai.tacojs.Relu'/)
})
