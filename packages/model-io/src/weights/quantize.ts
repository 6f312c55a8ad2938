import { sizeOf } from '@tacojs/graph'

/** A tensor's elements in whole numbers of its channels' scales. */
export interface Quantized {
  /** One per channel, of 16 significant bits. */
  readonly scales: Float32Array
  /** From -127 to 127, in the order of the elements. */
  readonly values: Int8Array
}

/** Below, a scale or what it is multiplied by could be subnormal. */
const SMALLEST_SCALE = 2 ** -100

/**
 * Symmetric 8-bit form of float32 data: channel c along `axis` has the scale max|w| / 127, rounded up to 16 significant
 * bits. A whole number up to 127 has 7, so that every product q · scale is exact in float32: what was quantised once has
 * the same scales and whole numbers when it is quantised again. 0 is 0. Undefined where no such form exists: values that
 * are not finite, or so small or large that scales are not ordinary numbers.
 */
export function quantize(data: Float32Array, shape: readonly number[], axis: number): Quantized | undefined {
  const scales = scalesOf(data, shape, axis)
  if (!scales) return undefined
  const values = new Int8Array(data.length)
  eachChannel(shape, axis, (channel, start, end) => {
    const scale = scales[channel]!
    for (let i = start; i < end; i++) {
      values[i] = Math.max(-127, Math.min(127, Math.round(data[i]! / scale)))
    }
  })
  return { scales, values }
}

/** The data that quantised values stand for, exactly. */
export function dequantize({ scales, values }: Quantized, shape: readonly number[], axis: number): Float32Array {
  const data = new Float32Array(values.length)
  eachChannel(shape, axis, (channel, start, end) => {
    const scale = scales[channel]!
    // a scale that a file gives may be negative: 0 stays positive
    for (let i = start; i < end; i++) data[i] = values[i] === 0 ? 0 : values[i]! * scale
  })
  return data
}

/** The quantised form of data that has one without any error, to the bit; undefined for other data. */
export function quantizeExactly(data: Float32Array, shape: readonly number[], axis: number): Quantized | undefined {
  const quantized = quantize(data, shape, axis)
  if (!quantized) return undefined
  const { scales, values } = quantized
  let exact = true
  eachChannel(shape, axis, (channel, start, end) => {
    for (let i = start; exact && i < end; i++) {
      exact = values[i] === 0 ? Object.is(data[i], 0) : values[i]! * scales[channel]! === data[i]
    }
  })
  return exact ? quantized : undefined
}

function scalesOf(data: Float32Array, shape: readonly number[], axis: number): Float32Array | undefined {
  const largest = new Float32Array(shape[axis]!)
  let finite = true
  eachChannel(shape, axis, (channel, start, end) => {
    let most = largest[channel]!
    for (let i = start; i < end; i++) {
      const size = Math.abs(data[i]!)
      if (size > most) most = size
      else if (Number.isNaN(size)) finite = false
    }
    largest[channel] = most
  })
  const scales = largest.map((most) => (most === 0 ? 1 : most / 127))
  const bits = new Uint32Array(scales.buffer)
  for (let i = 0; i < bits.length; i++) bits[i] = (bits[i]! + 0xff) & ~0xff
  const ordinary = scales.every((scale) => scale >= SMALLEST_SCALE && Number.isFinite(Math.fround(127 * scale)))
  return finite && ordinary ? scales : undefined
}

/** Runs of elements of one channel: `[start, end)` in the order of the data. */
function eachChannel(
  shape: readonly number[],
  axis: number,
  visit: (channel: number, start: number, end: number) => void,
): void {
  const inner = sizeOf(shape.slice(axis + 1))
  const channels = shape[axis]!
  const runs = sizeOf(shape.slice(0, axis)) * channels
  for (let run = 0; run < runs; run++) visit(run % channels, run * inner, (run + 1) * inner)
}
