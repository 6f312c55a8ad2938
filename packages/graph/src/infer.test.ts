import { createGraph, float32, inferTypes, int64, node, type Dim, type Node, type Tensor } from './index.js'
import { failure } from './testing/apply.js'

const info = (name: string, shape: readonly Dim[]) => ({ name, dtype: 'float32' as const, shape })

const typesOf = (nodes: Node[], initializers: Record<string, Tensor> = {}, outputs = [] as ReturnType<typeof info>[]) =>
  inferTypes(createGraph({ inputs: [info('x', ['batch', 3, 4, 4])], outputs, nodes, initializers }))

test('types of inputs, initializers and every value between', () => {
  const types = typesOf(
    [
      node('Conv', ['x', 'w'], ['c']),
      node('Relu', ['c'], ['r']),
      node('ArgMax', ['r'], ['y'], { attributes: { axis: 1 } }),
    ],
    { w: float32([2, 3, 1, 1], [1, 2, 3, 4, 5, 6]) },
  )
  expect(Object.fromEntries(types)).toEqual({
    x: { dtype: 'float32', shape: ['batch', 3, 4, 4] },
    w: { dtype: 'float32', shape: [2, 3, 1, 1] },
    c: { dtype: 'float32', shape: ['batch', 2, 4, 4] },
    r: { dtype: 'float32', shape: ['batch', 2, 4, 4] },
    y: { dtype: 'int64', shape: ['batch', 1, 4, 4] },
  })
})

test('an output may be declared with symbols or sizes that agree, not with others', () => {
  const relu = [node('Relu', ['x'], ['y'])]
  expect(() => typesOf(relu, {}, [info('y', ['n', 3, 'h', 4])])).not.toThrow()
  expect(failure(() => typesOf(relu, {}, [info('y', ['n', 2, 4, 4])]))).toMatch(
    /^SHAPE_MISMATCH: output 'y' is declared as \[n, 2, 4, 4\], but the graph gives \[batch, 3, 4, 4\]/,
  )
  expect(failure(() => typesOf(relu, {}, [info('y', ['n', 3])]))).toMatch(/^SHAPE_MISMATCH/)
  expect(failure(() => typesOf(relu, {}, [info('z', [1])]))).toMatch(/^INVALID_MODEL: the graph's output 'z'/)
})

test('also without validateGraph a damaged graph ends in a typed error', () => {
  expect(failure(() => typesOf([node('Add', ['x'], ['y'])]))).toMatch(/^INVALID_MODEL/)
  expect(failure(() => typesOf([node('Add', ['x', 'ghost'], ['y'])]))).toMatch(/^INVALID_MODEL/)
  expect(failure(() => typesOf([node('Nothing', ['x'], ['y'])]))).toMatch(/^UNSUPPORTED/)
  expect(failure(() => typesOf([node('ConstantOfShape', ['s'], ['y'])], { s: int64([1], [-4]) }))).toMatch(
    /^SHAPE_MISMATCH: node 'y' \(ConstantOfShape\) would give the shape \[-4\]/,
  )
})

test('floats on the way of an exporter: the scale 1/√64 of an attention', () => {
  const types = typesOf(
    [
      node('Shape', ['x'], ['s']),
      node('Slice', ['s', 'last', 'end'], ['d']),
      node('Cast', ['d'], ['f'], { attributes: { to: 1 } }),
      node('Sqrt', ['f'], ['root']),
      node('Cast', ['root'], ['size'], { attributes: { to: 7 } }),
      node('ConstantOfShape', ['size'], ['y']),
    ],
    { last: int64([1], [-1]), end: int64([1], [2 ** 63]) },
  )
  expect(types.get('y')!.shape).toEqual([2])
})
