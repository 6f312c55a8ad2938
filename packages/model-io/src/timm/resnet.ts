import { TacoError } from '@tacojs/errors'
import { float32 } from '@tacojs/graph'
import { modelArguments } from './arguments.js'
import type { TimmConfig } from './config.js'
import { activation, batchNorm, conv, globalPool, linear } from './layers.js'
import type { Network } from './network.js'

/** Told by the weights. */
const told = [
  'layers',
  'channels',
  'cardinality',
  'base_width',
  'stem_width',
  'stem_type',
  'replace_stem_pool',
  'block_reduce_first',
  'down_kernel_size',
  'avg_down',
]

interface Settings {
  readonly act: string
  /** What blurs before a step of two: '' nothing, 'avg' pooling, 'blur' a binomial filter (Zhang 2019). */
  readonly aa: string
  readonly pool: string
}

/**
 * timm's ResNet (He et al. 2016) and its relatives: ResNeXt, Wide-ResNet, variants b to t and RS, squeeze-excite,
 * efficient channel attention, anti-aliasing. Blocks, widths, groups, stems and shortcuts are read off the weights.
 * Returns the logits [batch, classes].
 */
export function resnet(net: Network, config: TimmConfig): string {
  const settings = settingsOf(config)
  let x = stem(net, settings)
  for (let stage = 1; net.weights.has(`layer${stage}.0.conv1.weight`); stage++) {
    for (let block = 0; net.weights.has(`layer${stage}.${block}.conv1.weight`); block++) {
      x = residual(net, `layer${stage}.${block}`, x, stage > 1 && block === 0 ? 2 : 1, settings)
    }
  }
  const pooled = globalPool(net, 'global_pool', x, settings.pool)
  return linear(net, 'fc', net.add('Flatten', 'global_pool.flatten', [pooled]), 'logits')
}

function settingsOf(config: TimmConfig): Settings {
  const { architecture } = config
  const args = modelArguments(config, told, [
    'act_layer',
    'aa_layer',
    'block_args',
    'global_pool',
    'output_stride',
    'norm_layer',
  ])
  const named = /^resnetblur/.test(architecture) ? 'blur' : /^(se)?resne(t|xt)aa/.test(architecture) ? 'avg' : ''
  const aa = args.text('aa_layer', named).toLowerCase().replace(/[-_]/g, '').replace(/pool$/, '')
  const fixed: [string, unknown, unknown][] = [
    ['aa_layer', ['', 'avg', 'blur'].includes(aa), true],
    ['output_stride', args.number('output_stride', 32), 32],
    [
      'norm_layer',
      args.text('norm_layer', /_gn$/.test(architecture) ? 'groupnorm' : 'batchnorm2d').replace('2d', ''),
      'batchnorm',
    ],
    ['block_args', isGateByWeights(config.modelArgs.get('block_args')), true],
  ]
  for (const [name, value, wanted] of fixed) {
    if (value !== wanted) throw new TacoError('UNSUPPORTED', `'${architecture}' with this ${name} is not supported`)
  }
  const pool = args.text('global_pool', config.globalPool ?? 'avg')
  return { act: args.text('act_layer', 'relu').replace('swish', 'silu'), aa, pool }
}

/** Whether the arguments of blocks are no more than which gate they have, and how wide it is, which the weights tell. */
function isGateByWeights(value: unknown): boolean {
  if (value === undefined) return true
  const hasOnly = (v: unknown, names: readonly string[]): v is Record<string, unknown> =>
    typeof v === 'object' && v !== null && Object.keys(v).every((name) => names.includes(name))
  if (!hasOnly(value, ['attn_layer', 'attn_kwargs'])) return false
  const { attn_layer: gate = 'se', attn_kwargs: widths = {} } = value
  return (gate === 'se' || gate === 'eca') && hasOnly(widths, ['rd_ratio', 'rd_channels', 'rd_divisor', 'bias'])
}

/** Convolution and its normalisation. */
const convNorm = (net: Network, convolution: string, norm: string, x: string, stride = 1, groups = 1): string =>
  batchNorm(net, norm, conv(net, convolution, x, { stride: [stride, stride], groups }))

function stem(net: Network, { act, aa }: Settings): string {
  let x = net.input
  if (net.weights.has('conv1.0.weight')) {
    x = activation(net, act, 'conv1.2', convNorm(net, 'conv1.0', 'conv1.1', x, 2))
    x = activation(net, act, 'conv1.5', convNorm(net, 'conv1.3', 'conv1.4', x))
    x = convNorm(net, 'conv1.6', 'bn1', x)
  } else x = convNorm(net, 'conv1', 'bn1', x, 2)
  x = activation(net, act, 'act1', x)
  if (net.weights.has('maxpool.0.weight')) return convPool(net, x, act, aa)
  if (aa === 'avg') return blur(net, 'maxpool', x, 0, aa)
  const stride = aa ? 1 : 2
  const pooled = net.add('MaxPool', aa ? 'maxpool.0' : 'maxpool', [x], {
    kernel_shape: [3, 3],
    strides: [stride, stride],
    pads: [1, 1, 1, 1],
  })
  const channels = net.weights.shapeOf('bn1.weight')[0]!
  return aa ? blur(net, 'maxpool.1', pooled, channels, aa) : pooled
}

/** A convolution instead of the pooling, with what blurs before its normalisation. */
function convPool(net: Network, x: string, act: string, aa: string): string {
  if (aa === '') return activation(net, act, 'maxpool.2', convNorm(net, 'maxpool.0', 'maxpool.1', x, 2))
  const [channels = 0] = net.weights.shapeOf('maxpool.0.weight')
  const blurred = blur(net, 'maxpool.1', conv(net, 'maxpool.0', x), channels, aa)
  return activation(net, act, 'maxpool.3', batchNorm(net, 'maxpool.2', blurred))
}

/** Halves height and width: mean of 2×2, or a 3×3 binomial filter with reflected borders. */
function blur(net: Network, name: string, x: string, channels: number, kind: string): string {
  if (kind === 'avg') return net.add('AveragePool', name, [x], { kernel_shape: [2, 2], strides: [2, 2] })
  const pads = net.ints(`${name}.pads`, [0, 0, 1, 1, 0, 0, 1, 1])
  const padded = net.add('Pad', `${name}.pad`, [x, pads], { mode: 'reflect' })
  const filter = [1, 2, 1, 2, 4, 2, 1, 2, 1].map((v) => v / 16)
  const weight = net.constant(
    `${name}.filt`,
    float32(
      [channels, 1, 3, 3],
      Float32Array.from({ length: 9 * channels }, (_, i) => filter[i % 9]!),
    ),
  )
  return net.add('Conv', name, [padded, weight], { kernel_shape: [3, 3], strides: [2, 2], group: channels })
}

/** A basic block (two 3×3) or a bottleneck (1×1, 3×3, 1×1), whose 3×3 has the stride, with its shortcut. */
function residual(net: Network, at: string, x: string, stride: number, settings: Settings): string {
  const { act, aa } = settings
  const bottleneck = net.weights.has(`${at}.conv3.weight`)
  const blurred = stride === 2 && aa !== ''
  const own = blurred ? 1 : stride
  const strided = bottleneck ? 2 : 1
  const steps = bottleneck ? [1, 2, 3] : [1, 2]
  let y = x
  for (const step of steps) {
    const name = `${at}.conv${step}`
    const groups = step === 2 ? groupsOf(net, at) : 1
    y = convNorm(net, name, `${at}.bn${step}`, y, step === strided ? own : 1, groups)
    if (step === steps.length) break
    y = activation(net, act, `${at}.act${step}`, y)
    const channels = net.weights.shapeOf(`${name}.weight`)[0]!
    if (blurred && step === strided) y = blur(net, `${at}.aa`, y, channels, aa)
  }
  const sum = net.add('Add', `${at}.add`, [gated(net, `${at}.se`, y), shortcut(net, `${at}.downsample`, x, stride)])
  return activation(net, act, `${at}.act${steps.length}`, sum)
}

/** Channels that go in, by those of one group. */
function groupsOf(net: Network, at: string): number {
  const [channels] = net.weights.shapeOf(`${at}.conv1.weight`)
  const [, perGroup] = net.weights.shapeOf(`${at}.conv2.weight`)
  return perGroup ? Math.max(1, Math.floor(channels! / perGroup)) : 1
}

function shortcut(net: Network, at: string, x: string, stride: number): string {
  if (net.weights.has(`${at}.0.weight`)) return convNorm(net, `${at}.0`, `${at}.1`, x, stride)
  if (!net.weights.has(`${at}.1.weight`)) return x
  // variant d: the mean of what a step of two would drop (He et al. 2019)
  const window = { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1, count_include_pad: 0 }
  const pooled = stride === 1 ? x : net.add('AveragePool', `${at}.0`, [x], window)
  return convNorm(net, `${at}.1`, `${at}.2`, pooled)
}

/** Squeeze-excite (Hu et al. 2018) or efficient channel attention (Wang et al. 2020), by the weights that are there. */
function gated(net: Network, at: string, x: string): string {
  const mean = (keepdims: number) =>
    net.add('ReduceMean', `${at}.mean`, [x, net.ints(`${at}.axes`, [2, 3])], { keepdims })
  if (net.weights.has(`${at}.fc1.weight`)) {
    const hidden = net.add('Relu', `${at}.act`, [conv(net, `${at}.fc1`, mean(1))])
    const gate = net.add('Sigmoid', `${at}.gate`, [conv(net, `${at}.fc2`, hidden)])
    return net.add('Mul', `${at}.mul`, [x, gate])
  }
  if (!net.weights.has(`${at}.conv.weight`)) return x
  const weight = net.weight(`${at}.conv.weight`, [1, 1, undefined])
  const width = net.weights.shapeOf(weight)[2]!
  const row = net.reshape(`${at}.row`, mean(0), [1, -1])
  const pad = (width - 1) >> 1
  const mixed = net.add('Conv', `${at}.conv`, [row, weight], { kernel_shape: [width], pads: [pad, pad] })
  const gate = net.reshape(`${at}.column`, net.add('Sigmoid', `${at}.gate`, [mixed]), [-1, 1, 1])
  return net.add('Mul', `${at}.mul`, [x, gate])
}
