import { nhwc, row, type Call } from '../kernel.js'
import { asNhwc, asRow, nhwcValue, rowValue, type TfTensor, type Value } from '../value.js'

/**
 * Applies an operator that broadcasts (as numpy does) to all inputs: row-major, or, where one is channels last
 * already, all of them channels last, those of a lower rank with leading ones.
 */
export function broadcasting(call: Call, apply: (tensors: TfTensor[]) => TfTensor): Value {
  const values = call.inputs as readonly Value[]
  const channelsLast = values.some((v) => v.layout === 'nhwc') && values.every((v) => v.shape.length <= 4)
  if (!channelsLast) return rowValue(apply(values.map((_, i) => row(call, i))))
  return nhwcValue(apply(values.map((v, i) => (v.shape.length === 4 ? nhwc(call, i) : widened(call, i)))))
}

/** Input i of a rank below 4 as [1, …], channels last. */
function widened(call: Call, i: number): TfTensor {
  return call.form(i, 'widened', (v) => {
    const shape = [...Array<number>(4 - v.shape.length).fill(1), ...v.shape]
    const tensor = call.tf.reshape(asRow(call.tf, v), shape)
    return asNhwc(call.tf, { ...v, shape, host: undefined, tensor })
  })
}
