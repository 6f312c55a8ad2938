import type { Dim } from '@tacojs/graph'
import { number, numbers, refuse, without, type Converter } from './converter.js'
import { Writer } from './writer.js'

/** (Σ |x|^p)^(1/p) of each window: an average that counts its padding, times the size of the window. */
export const lpPool: Converter = (node, context) => {
  const [x = ''] = node.inputs
  const { dtype } = context.typeOf(x)
  const kernel = numbers(node, 'kernel_shape') ?? refuse(node, 'it has no kernel_shape')
  if (numbers(node, 'dilations')?.some((d) => d !== 1) || number(node, 'ceil_mode', 0) !== 0) {
    refuse(node, 'dilations and ceil_mode are not supported')
  }
  const p = number(node, 'p', 2)
  const w = new Writer(node, context)
  const power = w.add('Pow', [w.add('Abs', [x]), w.scalar('p', p, dtype)])
  const attributes = { ...without(node.attributes, 'p', 'dilations', 'ceil_mode'), count_include_pad: 1 }
  const mean = w.add('AveragePool', [power], attributes)
  const count = kernel.reduce((a, b) => a * b, 1)
  return w.end('Pow', [w.add('Mul', [mean, w.scalar('count', count, dtype)]), w.scalar('root', 1 / p, dtype)])
}

/** (Σ |x|^p)^(1/p) of each plane. */
export const globalLpPool: Converter = (node, context) => {
  const [x = ''] = node.inputs
  const { dtype, shape } = context.typeOf(x)
  const p = number(node, 'p', 2)
  const w = new Writer(node, context)
  const axes = w.ints('axes', planeAxes(shape))
  if (p === 2) return w.end('ReduceL2', [x, axes], { keepdims: 1 })
  const sum = w.add('ReduceSum', [w.add('Pow', [w.add('Abs', [x]), w.scalar('p', p, dtype)]), axes], { keepdims: 1 })
  return w.end('Pow', [sum, w.scalar('root', 1 / p, dtype)])
}

export const planeAxes = (shape: readonly Dim[]): number[] => shape.slice(2).map((_, i) => i + 2)
