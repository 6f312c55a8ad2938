import { createGraph, node, type ValueInfo } from '@tacojs/graph'
import { checkImageModel } from './check-image-model.js'

const model = (...inputs: ValueInfo[]) =>
  createGraph({
    inputs,
    outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 2] }],
    nodes: [node('Cast', [inputs[0]!.name], ['y'], { attributes: { to: 1 } })],
    initializers: {},
  })

test('a model takes images alone, as float32', () => {
  const x: ValueInfo = { name: 'x', dtype: 'float32', shape: ['batch', 2] }
  expect(() => checkImageModel(model(x))).not.toThrow()
  expect(() => checkImageModel(model({ ...x, dtype: 'uint8' }))).toThrow(/inputs are x \(uint8\); /)
  expect(() => checkImageModel(model(x, { ...x, name: 'mask' }))).toThrow(
    expect.objectContaining({ code: 'UNSUPPORTED', message: expect.stringContaining('x (float32), mask (float32)') }),
  )
})
