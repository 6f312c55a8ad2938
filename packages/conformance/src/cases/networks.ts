import { float32, int64, node, sizeOf, type Attribute, type Domain, type Node, type Tensor } from '@tacojs/graph'
import { graphOf, tolerances, type OperatorCase } from './case.js'
import { createRandom, uniform, type Random } from './random.js'

/** Collects nodes and weights while a network is written down from top to bottom. */
interface Builder {
  /** Adds a node of one output and returns its name. */
  add(op: string, inputs: readonly string[], attributes?: Readonly<Record<string, Attribute>>, domain?: Domain): string
  /** A random weight in ±1/√fan-in, so that activations keep their size. */
  weight(...shape: number[]): string
  value(tensor: Tensor): string
}

function network(
  name: string,
  shape: readonly [batch: number, ...number[]],
  write: (b: Builder) => string,
): OperatorCase {
  const build = (): { nodes: Node[]; initializers: Record<string, Tensor>; output: string } => {
    const random: Random = createRandom(name)
    const nodes: Node[] = []
    const initializers: Record<string, Tensor> = {}
    const value = (t: Tensor): string => {
      const key = `c${Object.keys(initializers).length}`
      initializers[key] = t
      return key
    }
    const output = write({
      add: (op, inputs, attributes = {}, domain = '') => {
        const out = `${op}_${nodes.length}`
        nodes.push(node(op, inputs, [out], { attributes, domain }))
        return out
      },
      weight: (...dims) => {
        const bound = 1 / Math.sqrt(sizeOf(dims.slice(1)))
        return value(uniform(dims, -bound, bound)(random))
      },
      value,
    })
    return { nodes, initializers, output }
  }
  return {
    name,
    operators: [...new Set(build().nodes.map((n) => (n.domain ? `${n.domain}.${n.op}` : n.op)))],
    tolerance: tolerances.network,
    inputs: () => ({ x: uniform(shape)(createRandom(`${name} input`)) }),
    graph: () => {
      const { nodes, initializers, output } = build()
      return graphOf({
        inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', ...shape.slice(1)] }],
        nodes,
        outputs: [output],
        initializers,
      })
    },
  }
}

const own = 'ai.tacojs'
const ones = (n: number): Tensor => float32([n], new Float32Array(n).fill(1))

/** Dosovitskiy et al. 2021, eq. 2–3: x + attention(norm(x)), then x + mlp(norm(x)). */
function vitBlock({ add, weight, value }: Builder, fused: boolean): string {
  const [tokens, heads, width] = [5, 2, 8]
  const linear = (x: string, rows: number, cols: number): string =>
    fused
      ? add('Linear', [x, weight(rows, cols), weight(rows)], {}, own)
      : add('Add', [add('MatMul', [x, weight(cols, rows)]), weight(rows)])
  const norm = (x: string): string => add('LayerNormalization', [x, value(ones(width)), weight(width)], { axis: -1 })
  const shape = value(int64([5], [-1, tokens, 3, heads, width / heads]))
  const qkv = add('Transpose', [add('Reshape', [linear(norm('x'), 3 * width, width), shape])], {
    perm: [2, 0, 3, 1, 4],
  })
  const [q, k, v] = [0, 1, 2].map((i) => add('Gather', [qkv, value(int64([], [i]))], { axis: 0 })) as [
    string,
    string,
    string,
  ]
  let mixed: string
  if (fused) mixed = add('Attention', [q, k, v], { scale: 0.5 }, own)
  else {
    const scores = add('MatMul', [q, add('Transpose', [k], { perm: [0, 1, 3, 2] })])
    mixed = add('MatMul', [add('Softmax', [add('Mul', [scores, value(float32([], [0.5]))])], { axis: -1 }), v])
  }
  const joined = add('Reshape', [
    add('Transpose', [mixed], { perm: [0, 2, 1, 3] }),
    value(int64([3], [-1, tokens, width])),
  ])
  const y = add('Add', ['x', linear(joined, width, width)])
  const hidden = linear(norm(y), 4 * width, width)
  let active: string
  if (fused) active = add('Gelu', [hidden], { approximate: 'none' }, own)
  else {
    const erf = add('Erf', [add('Mul', [hidden, value(float32([], [Math.SQRT1_2]))])])
    active = add('Mul', [add('Mul', [hidden, value(float32([], [0.5]))]), add('Add', [erf, value(float32([], [1]))])])
  }
  return add('Add', [y, linear(active, width, 4 * width)])
}

/** He et al. 2016, figure 2, with a strided 1×1 convolution on the shortcut, and the head. */
function resnetBlock({ add, weight, value }: Builder): string {
  const bn = (x: string, c: number): string =>
    add('BatchNormalization', [x, value(ones(c)), weight(c), weight(c), value(ones(c))], { epsilon: 1e-5 })
  const conv = (x: string, rows: number, cols: number, size: number, stride: number): string => {
    const pad = (size - 1) / 2
    return bn(
      add('Conv', [x, weight(rows, cols, size, size)], { strides: [stride, stride], pads: [pad, pad, pad, pad] }),
      rows,
    )
  }
  const stem = add('MaxPool', ['x'], { kernel_shape: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] })
  const main = conv(add('Relu', [conv(stem, 6, 3, 3, 2)]), 6, 6, 3, 1)
  const y = add('Relu', [add('Add', [main, conv(stem, 6, 3, 1, 2)])])
  const features = add('Flatten', [add('GlobalAveragePool', [y])], { axis: 1 })
  return add('Gemm', [features, weight(4, 6), weight(4)], { transB: 1 })
}

/** Liu et al. 2022, figure 4: depthwise 7×7, LayerNorm and MLP in channels-last order, layer scale. */
function convnextBlock({ add, weight, value }: Builder): string {
  const c = 6
  const depthwise = add('Conv', ['x', weight(c, 1, 7, 7), weight(c)], { group: c, pads: [3, 3, 3, 3] })
  const last = add('Transpose', [depthwise], { perm: [0, 2, 3, 1] })
  const normed = add('LayerNormalization', [last, value(ones(c)), weight(c)], { axis: -1, epsilon: 1e-6 })
  const hidden = add('Linear', [normed, weight(4 * c, c), weight(4 * c)], {}, own)
  const active = add('Gelu', [hidden], { approximate: 'tanh' }, own)
  const out = add('LayerScale', [add('Linear', [active, weight(c, 4 * c), weight(c)], {}, own), weight(c)], {}, own)
  return add('Add', ['x', add('Transpose', [out], { perm: [0, 3, 1, 2] })])
}

export const networkCases: readonly OperatorCase[] = ([1, 7] as const).flatMap((batch) => [
  network(`network/ViT block, fused, batch ${batch}`, [batch, 5, 8], (b) => vitBlock(b, true)),
  network(`network/ViT block, ONNX operators, batch ${batch}`, [batch, 5, 8], (b) => vitBlock(b, false)),
  network(`network/ResNet block, batch ${batch}`, [batch, 3, 8, 7], resnetBlock),
  network(`network/ConvNeXt block, batch ${batch}`, [batch, 6, 7, 5], convnextBlock),
])
