import { TacoError } from '@tacojs/errors'
import { float32 } from '@tacojs/graph'
import type { Network } from './network.js'

const scalar = (net: Network, name: string, value: number): string => net.constant(name, float32([], [value]))

/** The module's weight [out, in] and, where there is one, its bias. */
export function linear(net: Network, module: string, x: string, output = module): string {
  const weight = net.weight(`${module}.weight`, [undefined, undefined])
  return net.addOwn('Linear', output, [x, weight, ...biasOf(net, module)])
}

const biasOf = (net: Network, module: string): string[] =>
  net.weights.has(`${module}.bias`) ? [net.weight(`${module}.bias`, [net.weights.shapeOf(`${module}.weight`)[0]])] : []

/** Padding is on both sides the same, by default what keeps a stride of 1 from shrinking an odd kernel's output. */
export function conv(
  net: Network,
  module: string,
  x: string,
  options: { readonly stride?: readonly number[]; readonly padded?: boolean; readonly groups?: number } = {},
): string {
  const weight = net.weight(`${module}.weight`, [undefined, undefined, undefined, undefined])
  const kernel = net.weights.shapeOf(weight).slice(2)
  const pads = kernel.map((k) => (options.padded === false ? 0 : (k - 1) >> 1))
  return net.add('Conv', module, [x, weight, ...biasOf(net, module)], {
    kernel_shape: kernel,
    strides: options.stride ?? [1, 1],
    pads: [...pads, ...pads],
    dilations: [1, 1],
    group: options.groups ?? 1,
  })
}

export function batchNorm(net: Network, module: string, x: string): string {
  const channels = net.weights.shapeOf(`${module}.weight`)[0]
  const parts = ['weight', 'bias', 'running_mean', 'running_var'].map((p) => net.weight(`${module}.${p}`, [channels]))
  return net.add('BatchNormalization', module, [x, ...parts], { epsilon: 1e-5 })
}

/** `layernorm` (Ba et al. 2016), `rmsnorm` (Zhang and Sennrich 2019): x/√(mean(x²)+ε), `simplenorm`: x/√(var(x)+ε). */
export interface Norm {
  readonly kind: 'layernorm' | 'rmsnorm' | 'simplenorm'
  readonly epsilon: number
}

/** Over the last axis, with the module's scale and, for layernorm, its bias. */
export function normalize(net: Network, module: string, x: string, { kind, epsilon }: Norm): string {
  const weight = net.weight(`${module}.weight`, [undefined])
  const width = net.weights.shapeOf(weight)[0]!
  if (kind === 'layernorm') {
    const bias = net.weight(`${module}.bias`, [width])
    return net.add('LayerNormalization', module, [x, weight, bias], { axis: -1, epsilon })
  }
  const axes = net.ints(`${module}.axes`, [-1])
  const mean = (name: string, value: string) => net.add('ReduceMean', `${module}.${name}`, [value, axes])
  // torch's variance divides by n − 1
  const centred = kind === 'rmsnorm' ? x : net.add('Sub', `${module}.centred`, [x, mean('mean', x)])
  let power = mean('power', net.add('Mul', `${module}.square`, [centred, centred]))
  if (kind === 'simplenorm') {
    const correction = scalar(net, `${module}.correction`, width / (width - 1))
    power = net.add('Mul', `${module}.variance`, [power, correction])
  }
  const shifted = net.add('Add', `${module}.shifted`, [power, scalar(net, `${module}.epsilon`, epsilon)])
  const root = net.add('Sqrt', `${module}.root`, [shifted])
  return net.add('Mul', module, [net.add('Div', `${module}.normalized`, [x, root]), weight])
}

/** Channels of [N, C, H, W]; the output stays [N, H, W, C] when `last`. */
export function normalizeChannels(net: Network, module: string, x: string, norm: Norm, last = false): string {
  const turned = net.transpose(`${module}.last`, x, [0, 2, 3, 1])
  const normalized = normalize(net, module, turned, norm)
  return last ? normalized : net.transpose(`${module}.first`, normalized, [0, 3, 1, 2])
}

/**
 * [N, C, H, W] → [N, C, 1, 1] by timm's name of it: `avg`, `max`, their mean `avgmax`, or both as [N, 2C, 1, 1],
 * `catavgmax`. Throws UNSUPPORTED for another.
 */
export function globalPool(net: Network, name: string, x: string, kind: string): string {
  if (kind === 'avg') return net.add('GlobalAveragePool', name, [x])
  if (kind === 'max') return net.add('GlobalMaxPool', name, [x])
  if (kind !== 'avgmax' && kind !== 'catavgmax') {
    throw new TacoError('UNSUPPORTED', `${net.weights.where}: global_pool '${kind}' is not supported`)
  }
  const both = [net.add('GlobalAveragePool', `${name}.avg`, [x]), net.add('GlobalMaxPool', `${name}.max`, [x])]
  return kind === 'avgmax' ? middle(net, name, both) : net.add('Concat', name, both, { axis: 1 })
}

/** The mean of two values. */
export const middle = (net: Network, name: string, both: readonly string[]): string =>
  net.add('Mul', name, [net.add('Add', `${name}.sum`, both), scalar(net, `${name}.half`, 0.5)])

/** The weight `name`, a factor per feature of the last axis (Touvron et al. 2021). */
export const layerScale = (net: Network, name: string, x: string): string =>
  net.addOwn('LayerScale', `${name}.scaled`, [x, net.weight(name, [undefined])])

const activations: Readonly<Record<string, (net: Network, name: string, x: string) => string>> = {
  relu: (net, name, x) => net.add('Relu', name, [x]),
  gelu: (net, name, x) => net.addOwn('Gelu', name, [x], { approximate: 'none' }),
  gelu_tanh: (net, name, x) => net.addOwn('Gelu', name, [x], { approximate: 'tanh' }),
  silu: (net, name, x) => net.add('Mul', name, [x, net.add('Sigmoid', `${name}.gate`, [x])]),
  quick_gelu: (net, name, x) => {
    const scaled = net.add('Mul', `${name}.scaled`, [x, scalar(net, `${name}.factor`, 1.702)])
    return net.add('Mul', name, [x, net.add('Sigmoid', `${name}.gate`, [scaled])])
  },
}

/** By timm's name of it. Throws UNSUPPORTED for one that is not here. */
export function activation(net: Network, kind: string, name: string, x: string): string {
  const build = Object.hasOwn(activations, kind) ? activations[kind] : undefined
  if (!build) throw new TacoError('UNSUPPORTED', `${net.weights.where}: activation '${kind}' is not supported`)
  return build(net, name, x)
}
