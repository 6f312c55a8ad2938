import { TacoError } from '@tacojs/errors'
import { float32 } from '@tacojs/graph'
import { modelArguments } from './arguments.js'
import type { TimmConfig } from './config.js'
import { activation, conv, globalPool, layerScale, linear, normalize, normalizeChannels, type Norm } from './layers.js'
import type { Network } from './network.js'

/** Told by the weights. */
const told = [
  'depths',
  'dims',
  'kernel_sizes',
  'patch_size',
  'ls_init_value',
  'stem_type',
  'head_norm_first',
  'head_hidden_size',
  'conv_mlp',
  'conv_bias',
  'use_grn',
]

interface Settings {
  readonly act: string
  readonly norm: Norm
  readonly pool: string
}

/**
 * timm's ConvNeXt (Liu et al. 2022) and ConvNeXt V2 (Woo et al. 2023). Depths, widths, kernels, stems, LayerScale, GRN and
 * the head are read off the weights. Returns the logits [batch, classes].
 */
export function convnext(net: Network, config: TimmConfig): string {
  const settings = settingsOf(config)
  let x = stem(net, settings)
  for (let stage = 0; net.weights.has(`stages.${stage}.blocks.0.conv_dw.weight`); stage++) {
    x = downsample(net, `stages.${stage}.downsample`, x, settings)
    for (let i = 0; net.weights.has(`stages.${stage}.blocks.${i}.conv_dw.weight`); i++) {
      x = block(net, `stages.${stage}.blocks.${i}`, x, settings)
    }
  }
  return head(net, x, settings)
}

function settingsOf(config: TimmConfig): Settings {
  const { architecture } = config
  const args = modelArguments(config, told, ['act_layer', 'norm_layer', 'norm_eps', 'global_pool', 'output_stride'])
  const named = /_zepto_rms/.test(architecture) ? 'simplenorm' : /_rms/.test(architecture) ? 'rmsnorm' : 'layernorm'
  const kind = args.text('norm_layer', named).replace('2d', '')
  const pool = args.text('global_pool', config.globalPool ?? 'avg')
  const known = kind === 'layernorm' || kind === 'rmsnorm' || kind === 'simplenorm'
  if (!known || args.number('output_stride', 32) !== 32) {
    throw new TacoError(
      'UNSUPPORTED',
      `'${architecture}' with norm_layer '${kind}' and this output_stride is not supported`,
    )
  }
  const epsilon = args.number('norm_eps', /_xxlarge|^test_/.test(architecture) ? 1e-5 : 1e-6)
  const namedAct = architecture === 'test_convnext3' ? 'silu' : /^test_/.test(architecture) ? 'gelu_tanh' : 'gelu'
  return { act: args.text('act_layer', namedAct).replace('swish', 'silu'), norm: { kind, epsilon }, pool }
}

/** Patches of an image, or two overlapping steps of two, with an activation between them or not. */
function stem(net: Network, { act, norm }: Settings): string {
  const rank = (name: string) => net.weights.shapeOf(name).length
  if (rank('stem.1.weight') === 1) {
    const stride = net.weights.shapeOf('stem.0.weight').slice(2)
    return normalizeChannels(net, 'stem.1', conv(net, 'stem.0', net.input, { stride, padded: false }), norm)
  }
  let x = conv(net, 'stem.0', net.input, { stride: [2, 2] })
  const active = rank('stem.2.weight') === 4
  if (active) x = activation(net, act, 'stem.1', x)
  x = conv(net, active ? 'stem.2' : 'stem.1', x, { stride: [2, 2] })
  return normalizeChannels(net, active ? 'stem.3' : 'stem.2', x, norm)
}

function downsample(net: Network, at: string, x: string, { norm }: Settings): string {
  if (!net.weights.has(`${at}.1.weight`)) return x
  const stride = net.weights.shapeOf(`${at}.1.weight`).slice(2)
  return conv(net, `${at}.1`, normalizeChannels(net, `${at}.0`, x, norm), { stride, padded: false })
}

/** Channels are last from the normalisation to the end of the MLP, also where timm has 1×1 convolutions instead. */
function block(net: Network, at: string, x: string, { act, norm }: Settings): string {
  const channels = net.weights.shapeOf(`${at}.conv_dw.weight`)[0]!
  const spread = normalizeChannels(net, `${at}.norm`, conv(net, `${at}.conv_dw`, x, { groups: channels }), norm, true)
  let y = activation(net, act, `${at}.mlp.act`, pointwise(net, `${at}.mlp.fc1`, spread))
  if (net.weights.has(`${at}.mlp.grn.weight`)) y = responseNorm(net, `${at}.mlp.grn`, y)
  y = pointwise(net, `${at}.mlp.fc2`, y)
  if (net.weights.has(`${at}.gamma`)) y = layerScale(net, `${at}.gamma`, y)
  return net.add('Add', `${at}.add`, [net.transpose(`${at}.first`, y, [0, 3, 1, 2]), x])
}

/** A linear layer whose weight is [out, in], or [out, in, 1, 1] of a convolution. */
function pointwise(net: Network, module: string, x: string): string {
  const name = `${module}.weight`
  const shape = net.weights.shapeOf(name)
  if (shape.length !== 4) return linear(net, module, x)
  const { data } = net.weights.take(name, [undefined, undefined, 1, 1])
  const weight = net.constant(name, float32(shape.slice(0, 2), data))
  const bias = net.weights.has(`${module}.bias`) ? [net.weight(`${module}.bias`, [shape[0]])] : []
  return net.addOwn('Linear', module, [x, weight, ...bias])
}

/** Global response normalisation (Woo et al. 2023, eq. 1–3): x + β + γ·x·n, n = ‖x‖ of a channel / (their mean + ε). */
function responseNorm(net: Network, at: string, x: string): string {
  const [weight, bias] = ['weight', 'bias'].map((name) => net.weight(`${at}.${name}`, [undefined])) as [string, string]
  const size = net.add('ReduceL2', `${at}.size`, [x, net.ints(`${at}.spatial`, [1, 2])])
  const mean = net.add('ReduceMean', `${at}.mean`, [size, net.ints(`${at}.channels`, [-1])])
  const shifted = net.add('Add', `${at}.shifted`, [mean, net.constant(`${at}.epsilon`, float32([], [1e-6]))])
  const relative = net.add('Div', `${at}.relative`, [size, shifted])
  const scaled = net.add('Mul', `${at}.scaled`, [net.add('Mul', `${at}.response`, [x, relative]), weight])
  return net.add('Add', at, [x, net.add('Add', `${at}.biased`, [scaled, bias])])
}

/** Pooled over the image before the normalisation (as published) or after it, an additional layer where there is one. */
function head(net: Network, x: string, { norm, pool }: Settings): string {
  const first = net.weights.has('norm_pre.weight') ? normalizeChannels(net, 'norm_pre', x, norm) : x
  const pooled = net.add('Flatten', 'head.flatten', [globalPool(net, 'head.global_pool', first, pool)])
  let y = net.weights.has('head.norm.weight') ? normalize(net, 'head.norm', pooled, norm) : pooled
  if (net.weights.has('head.pre_logits.fc.weight')) {
    y = activation(net, 'gelu', 'head.pre_logits.act', linear(net, 'head.pre_logits.fc', y))
  }
  return linear(net, 'head.fc', y, 'logits')
}
