import { normalizeAxis } from '../dims.js'
import type { Node } from '../graph.js'
import { numberAttribute } from '../ops/attributes.js'
import { float32, toNumbers } from '../tensor.js'
import type { GradientContext, Rules, Vjp } from './context.js'

const axisOf = (node: Node, c: GradientContext): number =>
  normalizeAxis(numberAttribute(node, 'axis', -1), c.shape(node.inputs[0]!).length, `node '${node.name}'`)

/**
 * x̂ = (x − mean)/σ over `axes`, σ² = var + ε. With g the gradient of x̂: dx = (g − mean(g) − x̂·mean(g∘x̂))/σ
 * (Ba et al. 2016; every mean over the axes).
 */
function normalized(c: GradientContext, x: string, g: string, axes: readonly number[], epsilon: number): string {
  const mean = (value: string): string => c.add('ReduceMean', [value, c.longs(axes)], { keepdims: 1 })
  const centred = c.add('Sub', [x, mean(x)])
  const variance = mean(c.add('Mul', [centred, centred]))
  const scale = c.add('Reciprocal', [c.add('Sqrt', [c.add('Add', [variance, c.scalar(epsilon)])])])
  // the same with x − mean in place of x̂: its factors 1/σ act on what has one element per position
  const along = c.add('Mul', [mean(c.add('Mul', [g, centred])), c.add('Mul', [scale, scale])])
  const rest = c.add('Sub', [c.add('Sub', [g, mean(g)]), c.add('Mul', [centred, along])])
  return c.add('Mul', [rest, scale])
}

const layerNormalization: Vjp = (node, c, [dy]) => {
  const [x, gamma] = node.inputs as [string, string]
  if (!c.needs(0)) return []
  const axis = axisOf(node, c)
  const axes = c.shape(x).flatMap((_, i) => (i >= axis ? [i] : []))
  return [normalized(c, x, c.add('Mul', [dy!, gamma]), axes, numberAttribute(node, 'epsilon', 1e-5))]
}

/** A parameter per channel [C] as [C, 1, …], for x [N, C, …]. */
const perChannel = (c: GradientContext, parameter: string, x: string): string => {
  const spatial = c.shape(x).slice(2)
  return c.add('Reshape', [parameter, c.longs([-1, ...spatial.map(() => 1)])])
}

const instanceNormalization: Vjp = (node, c, [dy]) => {
  const [x, gamma] = node.inputs as [string, string]
  if (!c.needs(0)) return []
  const axes = c.shape(x).flatMap((_, i) => (i >= 2 ? [i] : []))
  const g = c.add('Mul', [dy!, perChannel(c, gamma, x)])
  return [normalized(c, x, g, axes, numberAttribute(node, 'epsilon', 1e-5))]
}

/** With constant statistics: a factor γ/√(var + ε) per channel. */
const batchNormalization: Vjp = (node, c, [dy]) => {
  const [x, gamma, , , variance] = node.inputs as [string, string, string, string, string]
  const [scale, spread] = [c.constant(gamma), c.constant(variance)]
  if (!scale || !spread) return c.refuse('its scale or variance is not constant')
  if (!c.needs(0)) return []
  const epsilon = numberAttribute(node, 'epsilon', 1e-5)
  const variances = toNumbers(spread)
  const factors = toNumbers(scale).map((g, i) => g / Math.sqrt(variances[i]! + epsilon))
  const shape = [
    factors.length,
    ...c
      .shape(x)
      .slice(2)
      .map(() => 1),
  ]
  return [c.add('Mul', [dy!, c.value(float32(shape, factors))])]
}

/** dx = y∘(dy − Σ dy∘y) along the axis. */
const softmax: Vjp = (node, c, [dy]) => {
  const y = node.outputs[0]!
  const sum = c.add('ReduceSum', [c.add('Mul', [dy!, y]), c.longs([axisOf(node, c)])], { keepdims: 1 })
  return [c.add('Mul', [y, c.add('Sub', [dy!, sum])])]
}

/** dx = dy − e^y·Σ dy along the axis. */
const logSoftmax: Vjp = (node, c, [dy]) => {
  const sum = c.add('ReduceSum', [dy!, c.longs([axisOf(node, c)])], { keepdims: 1 })
  return [c.add('Sub', [dy!, c.add('Mul', [c.add('Exp', [node.outputs[0]!]), sum])])]
}

export const normalization: Rules = {
  LayerNormalization: layerNormalization,
  InstanceNormalization: instanceNormalization,
  BatchNormalization: batchNormalization,
  Softmax: softmax,
  LogSoftmax: logSoftmax,
}
