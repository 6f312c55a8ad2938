import { float32, int64, node } from '@tacojs/graph'
import { evaluateNode } from './index.js'

test('float32 in and out, rounded once at the end', () => {
  // 1 + 2⁻²⁴ + 2⁻²⁴ is 1 where every step is rounded, and 1 + 2⁻²³ where only the end is
  const [y] = evaluateNode(node('Sum', ['a', 'b', 'c'], ['y']), [
    float32([1], [1]),
    float32([1], [2 ** -24]),
    float32([1], [2 ** -24]),
  ])
  expect(y).toEqual(float32([1], [1 + 2 ** -23]))
})

test('several outputs, absent inputs, integers and constants', () => {
  const x = float32([2, 3], [1, 2, 3, 4, 5, 6])
  const split = node('Split', ['x', 's'], ['a', 'b'], { attributes: { axis: 1 } })
  expect(evaluateNode(split, [x, int64([2], [1, 2])])).toEqual([float32([2, 1], [1, 4]), float32([2, 2], [2, 3, 5, 6])])
  expect(evaluateNode(node('Clip', ['x', '', 'max'], ['y']), [x, undefined, float32([], [2])])).toEqual([
    float32([2, 3], [1, 2, 2, 2, 2, 2]),
  ])
  expect(evaluateNode(node('Shape', ['x'], ['y']), [x])).toEqual([int64([2], [2, 3])])
  expect(evaluateNode(node('ConstantOfShape', ['s'], ['y']), [int64([1], [2])])).toEqual([float32([2], [0, 0])])
  const [gelu] = evaluateNode(node('Gelu', ['x'], ['y'], { domain: 'ai.tacojs' }), [float32([1], [0])])
  expect(gelu).toEqual(float32([1], [0]))
})

test('the outputs are the caller’s own', () => {
  const x = int64([2], [1, 2])
  const [y] = evaluateNode(node('Identity', ['x'], ['y']), [x])
  expect(y).toEqual(x)
  expect(y!.data).not.toBe(x.data)
})

test('an unknown operator and inputs that do not fit are typed errors', () => {
  const x = float32([2], [1, 2])
  expect(() => evaluateNode(node('Loop', ['x'], ['y']), [x])).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }))
  expect(() => evaluateNode(node('Add', ['x', 'z'], ['y']), [x, float32([3], [1, 2, 3])])).toThrow(
    expect.objectContaining({ code: 'SHAPE_MISMATCH' }),
  )
})
