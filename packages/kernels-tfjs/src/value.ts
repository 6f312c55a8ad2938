import { fromNumbers, type DType, type Tensor } from '@tacojs/graph'
import type * as tfjs from '@tensorflow/tfjs-core'

export type Tf = typeof tfjs
export type TfTensor = tfjs.Tensor
export type Tensor4D = tfjs.Tensor4D

/**
 * A value while a program runs: on the device, on the host, or both. `shape` is always the graph's (NCHW);
 * with layout 'nhwc' the device tensor has its four dimensions in the order N, H, W, C, which is what tfjs's
 * convolutions and pools want, so that a chain of them needs no transposes.
 */
export interface Value {
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly layout: 'row' | 'nhwc'
  tensor?: TfTensor
  host?: Tensor
}

export const rowValue = (tensor: TfTensor, dtype: DType = 'float32'): Value => ({
  dtype,
  shape: tensor.shape,
  layout: 'row',
  tensor,
})

export function nhwcValue(tensor: TfTensor): Value {
  const [n, h, w, c] = tensor.shape as [number, number, number, number]
  return { dtype: 'float32', shape: [n, c, h, w], layout: 'nhwc', tensor }
}

export const hostValue = (host: Tensor): Value => ({ dtype: host.dtype, shape: host.shape, layout: 'row', host })

/** What tfjs has for a data type: integers become int32, which is enough for indices and class numbers. */
const deviceDtype = (dtype: DType): 'float32' | 'int32' | 'bool' =>
  dtype === 'bool' ? 'bool' : dtype === 'float32' || dtype === 'float64' ? 'float32' : 'int32'

function upload(tf: Tf, t: Tensor): TfTensor {
  const to = deviceDtype(t.dtype)
  const as = t.dtype === to ? t : fromNumbers(to, t.shape, Array.from(t.data as ArrayLike<number | bigint>, Number))
  return tf.tensor(as.data as Float32Array | Int32Array | Uint8Array, [...t.shape], to)
}

/** The row-major device tensor of a value; uploads or transposes where needed. Call it inside `tf.tidy`. */
export function asRow(tf: Tf, v: Value): TfTensor {
  if (!v.tensor) return upload(tf, v.host!)
  if (v.layout === 'row') return v.tensor
  const [, c, h, w] = v.shape as [number, number, number, number]
  // One pixel or one channel: both orders are the same bytes.
  if (c === 1 || h * w === 1) return tf.reshape(v.tensor, [...v.shape])
  return tf.reshape(tf.transpose(tf.reshape(v.tensor, [-1, h * w, c]), [0, 2, 1]), [...v.shape])
}

/** The device tensor of a rank-4 value in the order N, H, W, C. Call it inside `tf.tidy`. */
export function asNhwc(tf: Tf, v: Value): TfTensor {
  if (v.layout === 'nhwc') return v.tensor!
  const [, c, h, w] = v.shape as [number, number, number, number]
  const flat = tf.reshape(v.tensor ?? upload(tf, v.host!), [-1, c, h * w])
  return tf.reshape(c === 1 || h * w === 1 ? flat : tf.transpose(flat, [0, 2, 1]), [v.shape[0]!, h, w, c])
}

/** The value on the host, in the graph's data type; kept in the value, so that it is fetched once. */
export async function download(tf: Tf, v: Value): Promise<Tensor> {
  if (v.host) return v.host
  const row = tf.tidy(() => tf.keep(asRow(tf, v)))
  try {
    const data = await row.data()
    // tfjs's cpu engine hands out its own array, which may be the caller's input: copy.
    const host =
      v.dtype === 'float32'
        ? { dtype: v.dtype, shape: v.shape, data: (data as Float32Array).slice() }
        : fromNumbers(v.dtype, v.shape, Array.from(data as Int32Array))
    v.host = host
    return host
  } finally {
    if (row !== v.tensor) row.dispose()
  }
}
