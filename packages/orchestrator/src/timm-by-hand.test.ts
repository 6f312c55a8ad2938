import { float32, optimize, type Tensor } from '@tacojs/graph'
import { kernelsWasm } from '@tacojs/kernels-wasm'
import { parseTimmConfig, timmGraph } from '@tacojs/model-io'

/*
 * Small networks of each family with seeded weights, against their formulas in plain loops in double precision. They hold
 * what the fixtures of ../shared do not: q, k and v in layers of their own, normalisations inside attention and MLP, groups
 * together with squeeze-excite and a pooled shortcut.
 */

type Shapes = Readonly<Record<string, readonly number[]>>
type Maps = number[][][]

/** Uniform in ±1, the same for the same seed. */
function noise(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  }
}

/** Weights: variances and scales near 1, others spread by the inputs of a row, so that values stay of the order of 1. */
function weightsOf(shapes: Shapes, seed: number): Map<string, Tensor> {
  const next = noise(seed)
  return new Map(
    Object.entries(shapes).map(([name, shape]) => {
      const size = shape.reduce((a, b) => a * b, 1)
      const near = shape.length === 1 && /(weight|running_var|gamma)$/.test(name)
      const spread = shape.length > 1 ? 1.5 / Math.sqrt(size / shape[0]!) : 0.3
      return [
        name,
        float32(
          shape,
          Float32Array.from({ length: size }, () => (near ? 1 : 0) + spread * next()),
        ),
      ]
    }),
  )
}

const layer = (name: string, shape: readonly number[]): Shapes => ({
  [`${name}.weight`]: shape,
  [`${name}.bias`]: [shape[0]!],
})
const batchNorm = (name: string, c: number): Shapes =>
  Object.fromEntries(['weight', 'bias', 'running_mean', 'running_var'].map((part) => [`${name}.${part}`, [c]]))

/** The formulas, over a state dict and one image [3][H][W]. */
class Plain {
  constructor(private readonly weights: ReadonlyMap<string, Tensor>) {}

  at(name: string): number[] {
    return Array.from(this.weights.get(name)!.data, Number)
  }

  linear(name: string, x: number[]): number[] {
    const weight = this.at(`${name}.weight`)
    const rows = weight.length / x.length
    const bias = this.weights.has(`${name}.bias`) ? this.at(`${name}.bias`) : new Array<number>(rows).fill(0)
    return bias.map((b, r) => x.reduce((sum, v, c) => sum + weight[r * x.length + c]! * v, b))
  }

  layerNorm(name: string, x: number[], epsilon = 1e-6): number[] {
    const mean = x.reduce((a, b) => a + b, 0) / x.length
    const variance = x.reduce((a, b) => a + (b - mean) ** 2, 0) / x.length
    const [weight, bias] = [this.at(`${name}.weight`), this.at(`${name}.bias`)]
    return x.map((v, i) => ((v - mean) / Math.sqrt(variance + epsilon)) * weight[i]! + bias[i]!)
  }

  conv(name: string, x: Maps, stride: number, pad: number, groups = 1): Maps {
    const tensor = this.weights.get(`${name}.weight`)!
    const [filters, inner, kh, kw] = tensor.shape as [number, number, number, number]
    const bias = this.weights.has(`${name}.bias`) ? this.at(`${name}.bias`) : new Array<number>(filters).fill(0)
    const sizeOf = (size: number, k: number) => Math.floor((size + 2 * pad - k) / stride) + 1
    const [rows, columns] = [sizeOf(x[0]!.length, kh), sizeOf(x[0]![0]!.length, kw)]
    return bias.map((b, f) => {
      const start = Math.floor(f / (filters / groups)) * inner
      return grid(rows, columns, (r, c) => {
        let sum = b
        for (let i = 0; i < inner; i++)
          for (let y = 0; y < kh; y++)
            for (let z = 0; z < kw; z++) {
              const value = x[start + i]![r * stride + y - pad]?.[c * stride + z - pad] ?? 0
              sum += value * (tensor.data[((f * inner + i) * kh + y) * kw + z] as number)
            }
        return sum
      })
    })
  }

  batchNorm(name: string, x: Maps): Maps {
    const [w, b, m, v] = ['weight', 'bias', 'running_mean', 'running_var'].map((part) => this.at(`${name}.${part}`))
    return each(x, (value, c) => ((value - m![c]!) / Math.sqrt(v![c]! + 1e-5)) * w![c]! + b![c]!)
  }
}

const grid = (rows: number, columns: number, f: (r: number, c: number) => number): number[][] =>
  Array.from({ length: rows }, (_, r) => Array.from({ length: columns }, (_, c) => f(r, c)))
const each = (x: Maps, f: (value: number, channel: number) => number): Maps =>
  x.map((map, c) => map.map((row) => row.map((value) => f(value, c))))
const relu = (x: Maps): Maps => each(x, (v) => Math.max(0, v))
const add = (a: number[], b: number[]): number[] => a.map((v, i) => v + b[i]!)
const addMaps = (a: Maps, b: Maps): Maps => a.map((map, c) => map.map((row, r) => add(row, b[c]![r]!)))
const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length
const means = (x: Maps): number[] => x.map((map) => mean(map.flat()))
const sigmoid = (v: number): number => 1 / (1 + Math.exp(-v))
/** x·Φ(x) by Simpson's rule on the normal density from 0 to x. */
function gelu(x: number): number {
  const n = 400
  const density = (t: number) => Math.exp((-t * t) / 2) / Math.sqrt(2 * Math.PI)
  let sum = density(0) + density(x)
  for (let i = 1; i < n; i++) sum += (i % 2 ? 4 : 2) * density((i * x) / n)
  return x * (0.5 + (sum * x) / n / 3)
}
/** Largest of each window that lies in the map, or its mean. */
function pool(
  x: Maps,
  kernel: number,
  stride: number,
  pad: number,
  size: number,
  join: (values: number[]) => number,
): Maps {
  return x.map((map) =>
    grid(size, size, (r, c) => {
      const window: number[] = []
      for (let y = 0; y < kernel; y++)
        for (let z = 0; z < kernel; z++) window.push(map[r * stride + y - pad]?.[c * stride + z - pad] ?? NaN)
      return join(window.filter((v) => !Number.isNaN(v)))
    }),
  )
}

const backend = kernelsWasm()

/** Both ways for three images; the error is relative to the largest logit. */
async function compare(
  architecture: string,
  args: object,
  size: number,
  shapes: Shapes,
  formula: (net: Plain, image: Maps) => number[],
): Promise<void> {
  const config = parseTimmConfig({
    architecture,
    num_classes: 5,
    model_args: args,
    pretrained_cfg: { input_size: [3, size, size], mean: [0, 0, 0], std: [1, 1, 1] },
  })
  const weights = weightsOf(shapes, 11)
  const next = noise(5)
  const input = float32([3, 3, size, size], Float32Array.from({ length: 9 * size * size }, next))
  const program = await backend.compile(optimize(timmGraph(config, weights)))
  const { logits } = await program.run({ input })
  program.dispose()
  const wanted = [0, 1, 2].flatMap((n) =>
    formula(
      new Plain(weights),
      [0, 1, 2].map((c) => grid(size, size, (y, x) => input.data[((n * 3 + c) * size + y) * size + x]!)),
    ),
  )
  expect(logits!.shape).toEqual([3, 5])
  const scale = Math.max(...wanted.map(Math.abs))
  expect(scale).toBeGreaterThan(0.1)
  const error = Math.max(...wanted.map((v, i) => Math.abs(v - (logits!.data[i] as number)))) / scale
  expect(error).toBeLessThan(1e-5)
}

/** Patches of 4×4 of an image of 8×12 pixels or so, row by row. */
const patchesOf = (x: Maps): number[][] => x[0]!.flatMap((row, r) => row.map((_, c) => x.map((map) => map[r]![c]!)))

/** softmax(q·kᵀ/√d)·v for each head, the heads side by side. */
function attend(q: number[][], k: number[][], v: number[][], heads: number): number[][] {
  const d = q[0]!.length / heads
  return q.map((query) =>
    Array.from({ length: heads }, (_, h) => {
      const part = (x: number[]) => x.slice(h * d, (h + 1) * d)
      const scores = k.map((key) => Math.exp(part(query).reduce((s, a, i) => s + a * part(key)[i]!, 0) / Math.sqrt(d)))
      const total = scores.reduce((a, b) => a + b, 0)
      return Array.from({ length: d }, (_, i) =>
        v.reduce((s, value, t) => s + (scores[t]! / total) * part(value)[i]!, 0),
      )
    }).flat(),
  )
}

const block = (features: number, hidden: number): Shapes => ({
  ...layer('blocks.0.norm1', [features]),
  ...layer('blocks.0.attn.proj', [features, features]),
  ...layer('blocks.0.norm2', [features]),
  ...layer('blocks.0.mlp.fc2', [features, hidden]),
})

test('a vision transformer with a class token and LayerScale', () =>
  compare(
    'vit_tiny_patch16_224',
    { num_heads: 2 },
    8,
    {
      cls_token: [1, 1, 12],
      pos_embed: [1, 5, 12],
      ...layer('patch_embed.proj', [12, 3, 4, 4]),
      ...block(12, 20),
      ...layer('blocks.0.attn.qkv', [36, 12]),
      ...layer('blocks.0.mlp.fc1', [20, 12]),
      'blocks.0.ls1.gamma': [12],
      'blocks.0.ls2.gamma': [12],
      ...layer('norm', [12]),
      ...layer('head', [5, 12]),
    },
    (net, image) => {
      const position = net.at('pos_embed')
      const start = [net.at('cls_token'), ...patchesOf(net.conv('patch_embed.proj', image, 4, 0))]
      let x = start.map((token, t) => add(token, position.slice(t * 12, t * 12 + 12)))
      const scaled = (name: string, y: number[]) => y.map((v, i) => v * net.at(name)[i]!)
      const qkv = x.map((token) => net.linear('blocks.0.attn.qkv', net.layerNorm('blocks.0.norm1', token)))
      const [q, k, v] = [0, 12, 24].map((from) => qkv.map((row) => row.slice(from, from + 12)))
      const y = attend(q!, k!, v!, 2).map((row) => scaled('blocks.0.ls1.gamma', net.linear('blocks.0.attn.proj', row)))
      x = x.map((token, t) => add(token, y[t]!))
      const z = x.map((token) => net.linear('blocks.0.mlp.fc1', net.layerNorm('blocks.0.norm2', token)).map(gelu))
      const mixed = z.map((row) => scaled('blocks.0.ls2.gamma', net.linear('blocks.0.mlp.fc2', row)))
      return net.linear('head', net.layerNorm('norm', add(x[0]!, mixed[0]!)))
    },
  ))

test('EVA-02 as its larger models are: q, k, v apart, rotary positions, a gate apart, normalised inside', () =>
  compare(
    'eva02_base_patch14_224',
    { num_heads: 2, ref_feat_shape: [3, 4] },
    8,
    {
      cls_token: [1, 1, 16],
      pos_embed: [1, 5, 16],
      ...layer('patch_embed.proj', [16, 3, 4, 4]),
      ...block(16, 10),
      ...layer('blocks.0.attn.q_proj', [16, 16]),
      'blocks.0.attn.k_proj.weight': [16, 16],
      ...layer('blocks.0.attn.v_proj', [16, 16]),
      ...layer('blocks.0.attn.norm', [16]),
      ...layer('blocks.0.mlp.fc1_g', [10, 16]),
      ...layer('blocks.0.mlp.fc1_x', [10, 16]),
      ...layer('blocks.0.mlp.norm', [10]),
      ...layer('fc_norm', [16]),
      ...layer('head', [5, 16]),
    },
    (net, image) => {
      const position = net.at('pos_embed')
      const start = [net.at('cls_token'), ...patchesOf(net.conv('patch_embed.proj', image, 4, 0))]
      let x = start.map((token, t) => add(token, position.slice(t * 16, t * 16 + 16)))
      // a head of 8 is 4 complex numbers: two turned by the row, two by the column, of the reference grid of 3×4
      const turned = (row: number[], t: number): number[] => {
        if (t === 0) return row
        const [y, z] = [(Math.floor((t - 1) / 2) * 3) / 2, (((t - 1) % 2) * 4) / 2]
        return Array.from({ length: 8 }, (_, pair) => {
          const angle = [y, y / 100, z, z / 100][pair % 4]!
          const [re, im] = [row[2 * pair]!, row[2 * pair + 1]!]
          return [re * Math.cos(angle) - im * Math.sin(angle), re * Math.sin(angle) + im * Math.cos(angle)]
        }).flat()
      }
      const normal = x.map((token) => net.layerNorm('blocks.0.norm1', token))
      const [q, k, v] = ['q', 'k', 'v'].map((part) =>
        normal.map((row) => net.linear(`blocks.0.attn.${part}_proj`, row)),
      )
      const y = attend(q!.map(turned), k!.map(turned), v!, 2)
      x = x.map((token, t) => add(token, net.linear('blocks.0.attn.proj', net.layerNorm('blocks.0.attn.norm', y[t]!))))
      x = x.map((token) => {
        const row = net.layerNorm('blocks.0.norm2', token)
        const gate = net.linear('blocks.0.mlp.fc1_g', row).map((g) => g * sigmoid(g))
        const hidden = net.linear('blocks.0.mlp.fc1_x', row).map((h, i) => h * gate[i]!)
        return add(token, net.linear('blocks.0.mlp.fc2', net.layerNorm('blocks.0.mlp.norm', hidden)))
      })
      const patches = x.slice(1)
      const pooled = patches[0]!.map((_, i) => mean(patches.map((row) => row[i]!)))
      return net.linear('head', net.layerNorm('fc_norm', pooled))
    },
  ))

test('a residual network: a basic block, then a bottleneck of groups with squeeze-excite and a pooled shortcut', () =>
  compare(
    'seresnext26d_32x4d',
    {},
    18,
    {
      'conv1.weight': [4, 3, 7, 7],
      ...batchNorm('bn1', 4),
      'layer1.0.conv1.weight': [3, 4, 3, 3],
      ...batchNorm('layer1.0.bn1', 3),
      'layer1.0.conv2.weight': [4, 3, 3, 3],
      ...batchNorm('layer1.0.bn2', 4),
      'layer2.0.conv1.weight': [6, 4, 1, 1],
      ...batchNorm('layer2.0.bn1', 6),
      'layer2.0.conv2.weight': [6, 2, 3, 3],
      ...batchNorm('layer2.0.bn2', 6),
      'layer2.0.conv3.weight': [8, 6, 1, 1],
      ...batchNorm('layer2.0.bn3', 8),
      ...layer('layer2.0.se.fc1', [3, 8, 1, 1]),
      ...layer('layer2.0.se.fc2', [8, 3, 1, 1]),
      'layer2.0.downsample.1.weight': [8, 4, 1, 1],
      ...batchNorm('layer2.0.downsample.2', 8),
      ...layer('fc', [5, 8]),
    },
    (net, image) => {
      // 18 → 9 → 5 → 3: the last window of the shortcut's mean has one row and one column
      const stem = relu(net.batchNorm('bn1', net.conv('conv1', image, 2, 3)))
      let x = pool(stem, 3, 2, 1, 5, (values) => Math.max(...values))
      let y = relu(net.batchNorm('layer1.0.bn1', net.conv('layer1.0.conv1', x, 1, 1)))
      x = relu(addMaps(net.batchNorm('layer1.0.bn2', net.conv('layer1.0.conv2', y, 1, 1)), x))
      y = relu(net.batchNorm('layer2.0.bn1', net.conv('layer2.0.conv1', x, 1, 0)))
      y = relu(net.batchNorm('layer2.0.bn2', net.conv('layer2.0.conv2', y, 2, 1, 3)))
      y = net.batchNorm('layer2.0.bn3', net.conv('layer2.0.conv3', y, 1, 0))
      const gate = net
        .linear(
          'layer2.0.se.fc2',
          net.linear('layer2.0.se.fc1', means(y)).map((v) => Math.max(0, v)),
        )
        .map(sigmoid)
      const shortcut = net.conv('layer2.0.downsample.1', pool(x, 2, 2, 0, 3, mean), 1, 0)
      y = addMaps(
        each(y, (v, c) => v * gate[c]!),
        net.batchNorm('layer2.0.downsample.2', shortcut),
      )
      return net.linear('fc', means(relu(y)))
    },
  ))

test('ConvNeXt with both LayerScale and GRN, two stages', () =>
  compare(
    'convnextv2_tiny',
    {},
    16,
    {
      ...layer('stem.0', [6, 3, 4, 4]),
      ...layer('stem.1', [6]),
      ...layer('stages.0.blocks.0.conv_dw', [6, 1, 3, 3]),
      ...layer('stages.0.blocks.0.norm', [6]),
      ...layer('stages.0.blocks.0.mlp.fc1', [9, 6, 1, 1]),
      ...layer('stages.0.blocks.0.mlp.grn', [9]),
      ...layer('stages.0.blocks.0.mlp.fc2', [6, 9, 1, 1]),
      'stages.0.blocks.0.gamma': [6],
      ...layer('stages.1.downsample.0', [6]),
      ...layer('stages.1.downsample.1', [7, 6, 2, 2]),
      ...layer('stages.1.blocks.0.conv_dw', [7, 1, 5, 5]),
      ...layer('stages.1.blocks.0.norm', [7]),
      ...layer('stages.1.blocks.0.mlp.fc1', [8, 7]),
      ...layer('stages.1.blocks.0.mlp.fc2', [7, 8]),
      ...layer('head.norm', [7]),
      ...layer('head.fc', [5, 7]),
    },
    (net, image) => {
      const normalized = (name: string, x: Maps): Maps => {
        const rows = patchesOf(x).map((row) => net.layerNorm(name, row))
        return x.map((map, c) => grid(map.length, map[0]!.length, (r, z) => rows[r * map[0]!.length + z]![c]!))
      }
      const block = (at: string, x: Maps, channels: number, pad: number): Maps => {
        const spread = patchesOf(normalized(`${at}.norm`, net.conv(`${at}.conv_dw`, x, 1, pad, channels)))
        let hidden = spread.map((row) => net.linear(`${at}.mlp.fc1`, row).map(gelu))
        if (at === 'stages.0.blocks.0') {
          const norms = hidden[0]!.map((_, c) => Math.hypot(...hidden.map((row) => row[c]!)))
          const [weight, bias] = [net.at(`${at}.mlp.grn.weight`), net.at(`${at}.mlp.grn.bias`)]
          hidden = hidden.map((row) =>
            row.map((v, c) => v + (weight[c]! * v * norms[c]!) / (mean(norms) + 1e-6) + bias[c]!),
          )
        }
        const gamma = at === 'stages.0.blocks.0' ? net.at(`${at}.gamma`) : new Array<number>(channels).fill(1)
        const out = hidden.map((row) => net.linear(`${at}.mlp.fc2`, row))
        const width = x[0]![0]!.length
        return x.map((map, c) => map.map((row, r) => row.map((v, z) => v + gamma[c]! * out[r * width + z]![c]!)))
      }
      let x = normalized('stem.1', net.conv('stem.0', image, 4, 0))
      x = block('stages.0.blocks.0', x, 6, 1)
      x = net.conv('stages.1.downsample.1', normalized('stages.1.downsample.0', x), 2, 0)
      x = block('stages.1.blocks.0', x, 7, 2)
      return net.linear('head.fc', net.layerNorm('head.norm', means(x)))
    },
  ))
