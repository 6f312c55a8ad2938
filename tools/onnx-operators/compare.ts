import { TacoError } from '@tacojs/errors'
import { float32, toNumbers, type Tensor, type ValueInfo } from '@tacojs/graph'

/** As `decodeOnnxTensor` gives it. */
interface Stored {
  readonly tensor: Tensor
  readonly dataType: number
}

const isFloat = (t: { dtype: string }): boolean => t.dtype.startsWith('float')

/** bfloat16 is stored as the bits of a uint16: the upper half of a float32. */
function fromBfloat16({ shape, data }: Tensor): Tensor {
  const bits = Uint32Array.from(data as Uint16Array, (v) => v << 16)
  return float32(shape, new Float32Array(bits.buffer))
}

/** What an input of the graph gets. Throws UNSUPPORTED where a case does not store what its model takes. */
export function inputOf({ tensor }: Pick<Stored, 'tensor'>, input: ValueInfo): Tensor {
  const { shape } = tensor
  if (shape.length !== input.shape.length || input.shape.some((d, i) => typeof d === 'number' && d !== shape[i])) {
    throw new TacoError('UNSUPPORTED', `input ${input.name} is stored as [${shape.join()}], not as its model states`)
  }
  return asDeclared({ tensor }, input).tensor
}

/** A stored bfloat16 is known by what the model declares. */
export function asDeclared({ tensor }: Pick<Stored, 'tensor'>, input: ValueInfo | undefined): { tensor: Tensor } {
  return { tensor: tensor.dtype === 'uint16' && input && isFloat(input) ? fromBfloat16(tensor) : tensor }
}

/**
 * Largest error, relative to the largest value of the output. Float32: the windows of signal processing are stored with
 * π = 3.1415. Half precision, float16 and bfloat16, is rounded by its 10 and 7 bits and computed in them before that.
 */
const FLOAT32 = 1e-4
const HALF: Readonly<Record<number, number>> = { 10: 2e-3, 16: 2 ** -7 }

/** Where a result is not the stored one, and how; integers and bools must be equal. */
export function compare(actual: Tensor, stored: Stored, runner: string): string | undefined {
  const half = stored.tensor.dtype === 'uint16' && isFloat(actual)
  const expected = half ? fromBfloat16(stored.tensor) : stored.tensor
  const float = isFloat(expected)
  if (actual.shape.join() !== expected.shape.join()) {
    return `the shape [${actual.shape.join()}] instead of [${expected.shape.join()}]`
  }
  if (float ? !isFloat(actual) : actual.dtype !== expected.dtype) {
    return `the data type ${actual.dtype} instead of ${expected.dtype}`
  }
  const [a, b] = [toNumbers(actual), toNumbers(expected)]
  const range = b.reduce((max, v) => (Number.isFinite(v) ? Math.max(max, Math.abs(v)) : max), 0)
  let limit = float ? ((half ? HALF[16] : HALF[stored.dataType]) ?? FLOAT32) * range : 0
  // what float32 rounds from a half to an integer, float64 may see on the other side of it
  if (!float && /^u?int8$/.test(expected.dtype) && /imported|optimized/.test(runner)) limit = 1
  const at = b.findIndex((v, i) => !(Object.is(v, a[i]) || v === a[i] || Math.abs(v - a[i]!) <= limit))
  return at < 0 ? undefined : `${a[at]} instead of ${b[at]} at ${at}, where values go to ${range}`
}
