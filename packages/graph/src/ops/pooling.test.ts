import type { ApplyOptions } from '../testing/apply.js'
import { failure, shapeOf } from '../testing/apply.js'

const cases: [string, number[], ApplyOptions['attributes'], number[]][] = [
  ['valid', [6, 7], { kernel_shape: [2, 2], strides: [2, 2] }, [3, 3]],
  ['ceil_mode', [6, 7], { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 }, [3, 4]],
  ['ResNet stem', [112, 112], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }, [56, 56]],
  // the fourth window would begin in the padding at the end: (4 − 1)·2 ≥ 5 + 1
  ['ceil_mode, window in the padding', [5], { kernel_shape: [1], strides: [2], pads: [1, 1], ceil_mode: 1 }, [3]],
  ['dilations', [7, 7], { kernel_shape: [3, 3], dilations: [3, 3] }, [1, 1]],
  ['SAME_UPPER', [5, 5], { kernel_shape: [3, 3], strides: [2, 2], auto_pad: 'SAME_UPPER' }, [3, 3]],
]
test.each(cases)('%s', (_name, size, attributes, result) => {
  for (const op of ['MaxPool', 'AveragePool']) {
    expect(shapeOf(op, [['batch', 3, ...size]], { attributes })).toEqual(['batch', 3, ...result])
  }
})

test('global pooling leaves ones', () => {
  expect(shapeOf('GlobalAveragePool', [['batch', 3, 7, 7]])).toEqual(['batch', 3, 1, 1])
  expect(shapeOf('GlobalMaxPool', [['batch', 3, 'h', 'w']])).toEqual(['batch', 3, 1, 1])
})

test('what does not fit', () => {
  expect(failure(() => shapeOf('MaxPool', [[1, 3, 5, 5]]))).toMatch(/^INVALID_MODEL: attribute 'kernel_shape'/)
  expect(failure(() => shapeOf('MaxPool', [[1, 3, 5, 5]], { attributes: { kernel_shape: [2] } }))).toMatch(
    /^SHAPE_MISMATCH/,
  )
  expect(failure(() => shapeOf('GlobalAveragePool', [[3, 5]]))).toMatch(/^SHAPE_MISMATCH/)
})
