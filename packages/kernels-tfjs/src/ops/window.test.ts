import * as tf from '@tensorflow/tfjs-core'
import { windowOver, type Pad } from './window.js'

const explicit: Pad = [
  [0, 0],
  [1, 2],
  [0, 3],
  [0, 0],
]

test('padding and size are those of tfjs', () => {
  for (const pad of ['same', 'valid', 0, 2, explicit] as Pad[]) {
    for (const [strides, dilations] of [
      [1, 1],
      [2, 1],
      [3, 1],
      [1, 2],
      [1, 3],
    ] as const) {
      for (const [height, width, kernel] of [
        [7, 9, 3],
        [12, 8, 2],
        [8, 8, 1],
      ] as const) {
        const info = tf.backend_util.computeConv2DInfo(
          [1, height, width, 1],
          [kernel, kernel, 1, 1],
          strides,
          dilations,
          pad as 'same',
          typeof pad === 'string' ? undefined : 'floor',
        )
        const { window, size } = windowOver([height, width], [kernel, kernel], strides, dilations, pad)
        expect(size).toEqual([info.outHeight, info.outWidth])
        expect(window.pads).toEqual([info.padInfo.top, info.padInfo.left])
      }
    }
  }
})

test('what is no window is said', () => {
  const over = (strides: number, pad: Pad) => () => windowOver([4, 4], [5, 5], strides, 1, pad)
  const code = (code: string) => expect.objectContaining({ code })
  expect(over(1, 'valid')).toThrow(code('SHAPE_MISMATCH'))
  expect(over(0, 'same')).toThrow(code('INVALID_ARGUMENT'))
  expect(over(1.5, 'same')).toThrow(code('INVALID_ARGUMENT'))
  expect(over(1, -1)).toThrow(code('INVALID_ARGUMENT'))
  expect(over(1, 'wide' as Pad)).toThrow(code('INVALID_ARGUMENT'))
})
