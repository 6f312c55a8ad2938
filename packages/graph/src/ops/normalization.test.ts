import { failure, shapeOf } from '../testing/apply.js'

test('normalisations keep the shape', () => {
  const x = ['batch', 4, 5, 6]
  expect(shapeOf('BatchNormalization', [x, [4], [4], [4], [4]])).toEqual(x)
  expect(shapeOf('InstanceNormalization', [x, [4], [4]])).toEqual(x)
  expect(shapeOf('LayerNormalization', [x, [6], [6]])).toEqual(x)
  expect(shapeOf('LayerNormalization', [x, [5, 6]], { attributes: { axis: -2 } })).toEqual(x)
  expect(shapeOf('Softmax', [x], { attributes: { axis: 1 } })).toEqual(x)
  expect(shapeOf('LogSoftmax', [x])).toEqual(x)
})

test('parameters have to fit', () => {
  expect(failure(() => shapeOf('BatchNormalization', [[1, 4, 5, 5], [4], [4], [3], [4]]))).toMatch(/^SHAPE_MISMATCH/)
  expect(failure(() => shapeOf('LayerNormalization', [[1, 4], [5]]))).toMatch(/^SHAPE_MISMATCH/)
  expect(failure(() => shapeOf('LayerNormalization', [[2, 1], [5]]))).toMatch(/^SHAPE_MISMATCH/)
  expect(failure(() => shapeOf('Softmax', [[1, 4]], { attributes: { axis: 2 } }))).toMatch(
    /axis 2 .* outside of rank 2/,
  )
})

test('training mode is refused: it would normalise by the batch', () => {
  const run = (): unknown =>
    shapeOf('BatchNormalization', [[1, 4], [4], [4], [4], [4]], { attributes: { training_mode: 1 } })
  expect(failure(run)).toMatch(/^UNSUPPORTED: .*training mode/)
})
