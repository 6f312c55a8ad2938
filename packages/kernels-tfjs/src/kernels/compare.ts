import { numbers, onHost, row, type Kernel, type KernelTable } from '../kernel.js'
import { rowValue, type Tf, type TfTensor } from '../value.js'
import { clipped, elementwise } from './unary.js'

const compare = (f: (tf: Tf, a: TfTensor, b: TfTensor) => TfTensor): Kernel => ({
  device: (dtypes) => dtypes.every((d) => d === 'float32'),
  run: (call) => rowValue(f(call.tf, row(call, 0), row(call, 1)), 'bool'),
})

/** The bounds are inputs; an absent one does not bind. Where they cross, the upper one wins, as in ONNX. */
const clip: Kernel = {
  host: [1, 2],
  run(call) {
    const low = numbers(call, 1)?.[0] ?? -Infinity
    const high = numbers(call, 2)?.[0] ?? Infinity
    return elementwise((tf, x) => clipped(tf, x, Math.min(low, high), high)).run(call)
  },
}

const where: Kernel = {
  device: (dtypes) => dtypes[1] === 'float32',
  run: (call) => rowValue(call.tf.where(row(call, 0), row(call, 1), row(call, 2))),
}

export const compareKernels: KernelTable = {
  Equal: compare((tf, a, b) => tf.equal(a, b)),
  Greater: compare((tf, a, b) => tf.greater(a, b)),
  GreaterOrEqual: compare((tf, a, b) => tf.greaterEqual(a, b)),
  Less: compare((tf, a, b) => tf.less(a, b)),
  LessOrEqual: compare((tf, a, b) => tf.lessEqual(a, b)),
  And: onHost,
  Or: onHost,
  Xor: onHost,
  Not: onHost,
  Clip: clip,
  Where: where,
}
