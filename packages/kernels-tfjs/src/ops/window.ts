import { TacoError } from '@tacojs/errors'

/** As in tf.conv2d: a number pads every side; explicit pads are [[0, 0], [top, bottom], [left, right], [0, 0]]. */
export type Pad =
  | 'same'
  | 'valid'
  | number
  | readonly [
      readonly [number, number],
      readonly [number, number],
      readonly [number, number],
      readonly [number, number],
    ]

/** How a filter moves over an image: pairs of vertical and horizontal. */
export interface Window {
  readonly strides: readonly [number, number]
  readonly dilations: readonly [number, number]
  /** Zeros above and on the left. */
  readonly pads: readonly [number, number]
}

/** One direction of a window: the zeros before, and the number of positions. */
function along(size: number, kernel: number, stride: number, dilation: number, pad: Pad, axis: 1 | 2) {
  const reach = (kernel - 1) * dilation + 1
  if (pad === 'same') {
    const positions = Math.ceil(size / stride)
    return { before: Math.max((positions - 1) * stride + reach - size, 0) >> 1, positions }
  }
  const [before, after] = pad === 'valid' ? [0, 0] : typeof pad === 'number' ? [pad, pad] : pad[axis]
  return { before, positions: Math.floor((size + before + after - reach) / stride) + 1 }
}

const pair = (value: number | readonly [number, number]): readonly [number, number] =>
  typeof value === 'number' ? [value, value] : value

/** The window of a filter, and the height and width of what it gives. Throws INVALID_ARGUMENT, SHAPE_MISMATCH. */
export function windowOver(
  [height, width]: readonly [number, number],
  [kernelHeight, kernelWidth]: readonly [number, number],
  strides: number | readonly [number, number],
  dilations: number | readonly [number, number],
  pad: Pad,
): { readonly window: Window; readonly size: readonly [number, number] } {
  const [down, right] = pair(strides)
  const [dilateDown, dilateRight] = pair(dilations)
  const counts = [down, right, dilateDown, dilateRight]
  if (!counts.every((n) => Number.isInteger(n) && n > 0)) {
    throw new TacoError('INVALID_ARGUMENT', `sparseConv2d: strides and dilations are integers above 0, not ${counts}`)
  }
  const vertical = along(height, kernelHeight, down, dilateDown, pad, 1)
  const horizontal = along(width, kernelWidth, right, dilateRight, pad, 2)
  const numbers = [vertical.before, vertical.positions, horizontal.before, horizontal.positions]
  if (!numbers.every((n) => Number.isInteger(n) && n >= 0)) {
    throw new TacoError('INVALID_ARGUMENT', `sparseConv2d: pad is 'same', 'valid' or integers from 0, not ${pad}`)
  }
  if (vertical.positions === 0 || horizontal.positions === 0) {
    throw new TacoError(
      'SHAPE_MISMATCH',
      `sparseConv2d: a ${kernelHeight}×${kernelWidth} filter does not fit in an image of ${height}×${width}; pad it`,
    )
  }
  return {
    window: {
      strides: [down, right],
      dilations: [dilateDown, dilateRight],
      pads: [vertical.before, horizontal.before],
    },
    size: [vertical.positions, horizontal.positions],
  }
}
