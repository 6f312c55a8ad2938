import { forEachWeight, type Pattern } from './pattern.js'
import type { Window } from './window.js'

/** The bytes of a row of a panel: 32 positions. */
const pitch = 128

/**
 * A stream of weights for the kernel in assembly/multiply.ts: every row of the output is a sum over rows of a panel, which
 * has one for each (tap, channel) of what is read.
 */
export interface Plan {
  readonly rows: number
  readonly channels: number
  /** (down, right) for each tap, from stride · position. */
  readonly taps: Int32Array
  readonly ends: Uint32Array
  readonly offsets: Uint32Array
  /** Which weight of the pattern each weight of the stream is, where that is not the same order. */
  readonly order?: Uint32Array
}

/** The products of a filter with an image. */
export function forwardPlan(pattern: Pattern, { dilations, pads }: Window): Plan {
  const [height, width, channels, rows] = pattern.shape
  const taps: number[] = []
  for (let down = 0; down < height; down++) {
    for (let right = 0; right < width; right++) {
      taps.push(down * dilations[0] - pads[0], right * dilations[1] - pads[1])
    }
  }
  const offsets = pattern.inputs.map((input) => input * pitch)
  return { rows, channels, taps: Int32Array.from(taps), ends: pattern.ends, offsets }
}

/** The pixels (row, column) + stride · (i, j) of an image, which are reached by the same taps of a filter. */
export interface Phase extends Plan {
  readonly row: number
  readonly column: number
}

/**
 * The gradient of the image from that of the output: pixel p gets w[tap] · dy[q] for every q with
 * stride · q + dilation · tap − pad = p. With stride s there are s² kinds of pixels, each with its own taps, seen from
 * which the positions q are (p + pad − dilation · tap) / s.
 */
export function inputPhases(pattern: Pattern, window: Window): Phase[] {
  const phases: Phase[] = []
  for (let row = 0; row < window.strides[0]; row++) {
    for (let column = 0; column < window.strides[1]; column++) phases.push(phase(pattern, window, row, column))
  }
  return phases
}

function phase(pattern: Pattern, { strides, dilations, pads }: Window, row: number, column: number): Phase {
  const [height, width, channels, outputs] = pattern.shape
  const taps: number[] = []
  // the place of each tap of the filter among the taps of this phase, or -1
  const place = new Int32Array(height * width).fill(-1)
  for (let t = 0; t < place.length; t++) {
    const down = (row + pads[0] - Math.floor(t / width) * dilations[0]) / strides[0]
    const right = (column + pads[1] - (t % width) * dilations[1]) / strides[1]
    if (!Number.isInteger(down) || !Number.isInteger(right)) continue
    place[t] = taps.length / 2
    taps.push(down, right)
  }
  const ends = new Uint32Array(channels)
  forEachWeight(pattern, (_i, _output, input) => {
    if (place[Math.floor(input / channels)]! >= 0) ends[input % channels]!++
  })
  for (let c = 1; c < channels; c++) ends[c]! += ends[c - 1]!
  const next = Uint32Array.from(ends, (_, c) => (c === 0 ? 0 : ends[c - 1]!))
  const offsets = new Uint32Array(ends[channels - 1] ?? 0)
  const order = new Uint32Array(offsets.length)
  forEachWeight(pattern, (i, output, input) => {
    const tap = place[Math.floor(input / channels)]!
    if (tap < 0) return
    const at = next[input % channels]!++
    offsets[at] = (tap * outputs + output) * pitch
    order[at] = i
  })
  return { row, column, rows: channels, channels: outputs, taps: Int32Array.from(taps), ends, offsets, order }
}
