import { runOracle } from '@tacojs/conformance'
import { float32, fromNumbers, int64, optimize, toNumbers, type Attribute, type Tensor } from '@tacojs/graph'
import { kernelsWasm } from '@tacojs/kernels-wasm'
import { parseOnnx } from '@tacojs/model-io'
import { onnxModel, type OnnxParts } from './onnx-model.js'

/** A sequence without a pattern, the same every time; about -1 to 1. */
function noise(shape: readonly number[], seed = 1): Tensor {
  let state = seed
  const next = (): number => {
    state = (state * 48271) % 2147483647
    return (state / 2147483647) * 2 - 1
  }
  return float32(shape, Array.from({ length: shape.reduce((a, b) => a * b, 1) }, next))
}

/** Imports and runs: the oracle, the oracle after the passes, the default backend. All outputs must be `wanted`. */
async function gives(parts: OnnxParts, inputs: Record<string, Tensor>, wanted: readonly number[]): Promise<void> {
  const graph = parseOnnx(onnxModel(parts))
  const optimized = optimize(graph)
  const program = await kernelsWasm().compile(optimized)
  const runs = [runOracle(graph, inputs), runOracle(optimized, inputs), await program.run(inputs)]
  program.dispose()
  const range = Math.max(...wanted.map(Math.abs))
  for (const outputs of runs) {
    const values = toNumbers(Object.values(outputs)[0]!)
    expect(values).toHaveLength(wanted.length)
    values.forEach((v, i) => expect(Math.abs(v - wanted[i]!)).toBeLessThanOrEqual(1e-5 * range))
  }
}

const one = (
  op: string,
  opset: number,
  inputs: Record<string, Tensor>,
  rank: number,
  attributes: Record<string, Attribute> = {},
  constants: Record<string, Tensor> = {},
): OnnxParts => ({
  opset,
  inputs: Object.fromEntries(Object.entries(inputs).map(([name, t]) => [name, ['N', ...t.shape.slice(1)]])),
  outputs: { y: rank },
  nodes: [[op, [...Object.keys(inputs), ...Object.keys(constants)], ['y'], attributes]],
  constants,
  floats: ['epsilon', 'scale', 'alpha'],
})

/** Looks up an element by its index. */
const at =
  ({ shape, data }: Tensor) =>
  (...index: number[]): number =>
    Number(data[index.reduce((sum, v, i) => sum * shape[i]! + v, 0)])

const mean = (v: readonly number[]): number => v.reduce((a, b) => a + b, 0) / v.length

/** softmax(scale·QKᵀ + bias)·V in plain loops; element (batch, head, token, i) by the given functions. */
function attend(
  [batch, heads, rows, columns, width]: readonly number[],
  q: (b: number, h: number, t: number, i: number) => number,
  k: typeof q,
  v: typeof q,
  scale: number,
  bias: (b: number, h: number, row: number, column: number) => number,
): (b: number, h: number, t: number, i: number) => number {
  const weights = new Map<string, number[]>()
  for (let b = 0; b < batch!; b++) {
    for (let h = 0; h < heads!; h++) {
      for (let r = 0; r < rows!; r++) {
        const scores = Array.from({ length: columns! }, (_, c) => {
          let sum = 0
          for (let i = 0; i < width!; i++) sum += q(b, h, r, i) * k(b, h, c, i)
          return Math.exp(sum * scale + bias(b, h, r, c))
        })
        const total = scores.reduce((x, y) => x + y, 0)
        weights.set(
          `${b} ${h} ${r}`,
          scores.map((s) => s / total),
        )
      }
    }
  }
  return (b, h, t, i) => weights.get(`${b} ${h} ${t}`)!.reduce((sum, w, c) => sum + w * v(b, h, c, i), 0)
}

const each = (shape: readonly number[], f: (...index: number[]) => number): number[] =>
  Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, flat) => {
    const index: number[] = []
    for (let d = shape.length - 1, rest = flat; d >= 0; rest = Math.floor(rest / shape[d]!), d--) {
      index.unshift(rest % shape[d]!)
    }
    return f(...index)
  })

describe('operators of newer opsets, by the formulas of the specification', () => {
  test.each([
    [18, [0.5, 2], [1, -1]],
    [21, [0.5, 2, 1, -1], [1, -1, 0, 3]],
  ])('GroupNormalization of opset %i', async (opset, scale, bias) => {
    const x = noise([2, 4, 3, 5])
    const values = toNumbers(x)
    const wanted = values.map((v, i) => {
      const [n, c] = [Math.floor(i / 60), Math.floor(i / 15) % 4]
      const group = values.slice(n * 60 + Math.floor(c / 2) * 30).slice(0, 30)
      const m = mean(group)
      const variance = mean(group.map((g) => (g - m) ** 2))
      const p = opset === 18 ? Math.floor(c / 2) : c
      return ((v - m) / Math.sqrt(variance + 1e-3)) * scale[p]! + bias[p]!
    })
    const constants = { scale: float32([scale.length], scale), bias: float32([bias.length], bias) }
    await gives(one('GroupNormalization', opset, { x }, 4, { num_groups: 2, epsilon: 1e-3 }, constants), { x }, wanted)
  })

  test('RMSNormalization over the last two axes', async () => {
    const [x, scale] = [noise([2, 3, 4, 5]), noise([4, 5], 9)]
    const wanted = toNumbers(x).map((v, i) => {
      const row = toNumbers(x)
        .slice(Math.floor(i / 20) * 20)
        .slice(0, 20)
      return (v / Math.sqrt(mean(row.map((r) => r * r)) + 1e-5)) * toNumbers(scale)[i % 20]!
    })
    await gives(one('RMSNormalization', 23, { x }, 4, { axis: -2 }, { scale }), { x }, wanted)
  })

  test('Attention by heads, two heads of queries for one of keys, with a mask of truth values', async () => {
    const [q, k, v] = [noise([2, 4, 3, 6]), noise([2, 2, 5, 6], 2), noise([2, 2, 5, 7], 3)]
    const allowed = each([3, 5], (r, c) => Number((r + c) % 3 > 0))
    const mask = fromNumbers('bool', [3, 5], allowed)
    const shared = (t: Tensor) => (b: number, h: number, token: number, i: number) =>
      at(t)(b, Math.floor(h / 2), token, i)
    const result = attend([2, 4, 3, 5, 6], at(q), shared(k), shared(v), 1 / Math.sqrt(6), (_b, _h, r, c) =>
      allowed[r * 5 + c] ? 0 : -Infinity,
    )
    await gives(one('Attention', 23, { q, k, v }, 4, {}, { mask }), { q, k, v }, each([2, 4, 3, 7], result))
  })

  test('Attention on tokens, causal, with a scale', async () => {
    const [q, k, v] = [noise([2, 4, 6]), noise([2, 4, 6], 2), noise([2, 4, 6], 3)]
    const head = (t: Tensor) => (b: number, h: number, token: number, i: number) => at(t)(b, token, h * 2 + i)
    const result = attend([2, 3, 4, 4, 2], head(q), head(k), head(v), 0.7, (_b, _h, r, c) => (c > r ? -Infinity : 0))
    const wanted = each([2, 4, 6], (b, t, i) => result(b!, Math.floor(i! / 2), t!, i! % 2))
    const attributes = { q_num_heads: 3, kv_num_heads: 3, is_causal: 1, scale: 0.7 }
    await gives(one('Attention', 23, { q, k, v }, 3, attributes), { q, k, v }, wanted)
  })

  test.each([0, 1])('RotaryEmbedding, interleaved %i, of a part of each head', async (interleaved) => {
    const x = noise([2, 3, 4, 6])
    const angle = (t: number, i: number): number => (t + 1) * 0.3 ** i
    const table = (f: (v: number) => number): Tensor =>
      float32(
        [1, 4, 2],
        each([1, 4, 2], (_, t, i) => f(angle(t!, i!))),
      )
    const [cos, sin] = [table(Math.cos), table(Math.sin)]
    const wanted = each([2, 3, 4, 6], (b, h, t, i) => {
      if (i! >= 4) return at(x)(b!, h!, t!, i!)
      const [pair, second] = interleaved ? [i! >> 1, i! & 1] : [i! % 2, i! >> 1]
      const [re, im] = [0, 1].map((s) => at(x)(b!, h!, t!, interleaved ? 2 * pair + s : pair + 2 * s))
      const a = angle(t!, pair)
      return second ? re! * Math.sin(a) + im! * Math.cos(a) : re! * Math.cos(a) - im! * Math.sin(a)
    })
    await gives(
      one('RotaryEmbedding', 23, { x }, 4, { interleaved, rotary_embedding_dim: 4 }, { cos, sin }),
      { x },
      wanted,
    )
  })

  test('LpPool and LpNormalization', async () => {
    const x = noise([2, 2, 4, 4])
    const cube = each([2, 2, 2, 2], (n, c, i, j) => {
      let sum = 0
      for (let p = 0; p < 2; p++)
        for (let q = 0; q < 2; q++) sum += Math.abs(at(x)(n!, c!, 2 * i! + p, 2 * j! + q)) ** 3
      return Math.cbrt(sum)
    })
    await gives(one('LpPool', 18, { x }, 4, { kernel_shape: [2, 2], strides: [2, 2], p: 3 }), { x }, cube)
    const unit = each([2, 2, 4, 4], (n, c, i, j) => {
      const norm = Math.hypot(...[0, 1].map((other) => at(x)(n!, other, i!, j!)))
      return at(x)(n!, c!, i!, j!) / norm
    })
    await gives(one('LpNormalization', 18, { x }, 4, { axis: 1, p: 2 }), { x }, unit)
  })

  test.each([
    ['bhid,bhjd->bhij', [2, 3, 4, 5], [2, 3, 6, 5], [2, 3, 4, 6]],
    ['bij,jk', [2, 3, 4], [4, 5], [2, 3, 5]],
    ['b...c,oc->b...o', [2, 3, 4, 5], [6, 5], [2, 3, 4, 6]],
    ['nchw,nc->n', [2, 3, 2, 2], [2, 3], [2]],
  ])('Einsum %s', async (equation, left, right, result) => {
    const [x, z] = [noise(left), noise(right, 5)]
    const spelled = equation.replaceAll('...', left.length === 4 ? 'pq' : '').replace('bij,jk', 'bij,jk->bik')
    const [from, to] = spelled.split('->') as [string, string]
    const terms = from.split(',') as [string, string]
    const labels = [...new Set(from.replace(',', ''))]
    const sizes = labels.map((l) => (terms[0].includes(l) ? left[terms[0].indexOf(l)]! : right[terms[1].indexOf(l)]!))
    const wanted = new Array<number>(result.reduce((a, b) => a * b, 1)).fill(0)
    each(sizes, (...index) => {
      const where = (term: string): number[] => [...term].map((l) => index[labels.indexOf(l)]!)
      const place = where(to).reduce((sum, v, i) => sum * result[i]! + v, 0)
      wanted[place]! += at(x)(...where(terms[0])) * at(z)(...where(terms[1]))
      return 0
    })
    await gives(one('Einsum', 13, { x }, result.length, { equation }, { z }), { x }, wanted)
  })
})

describe('habits of exporters', () => {
  const affine = (x: Tensor, f: (v: number, c: number) => number): number[] =>
    toNumbers(x).map((v, i) => f(v, Math.floor(i / 16) % 3))

  test('tf2onnx: NHWC with Transposes, Pad apart, BatchNormalization as Mul and Add, Relu6, mean over places', async () => {
    const x = noise([2, 4, 4, 3])
    const nchw = (n: number, c: number, i: number, j: number): number => at(x)(n, i, j, c)
    // a 1×1 kernel in the middle of 3×3: the identity, whatever is padded
    const kernel = float32(
      [3, 3, 3, 3],
      Array.from({ length: 81 }, (_, i) => Number(i % 9 === 4 && Math.floor(i / 27) === Math.floor(i / 9) % 3)),
    )
    const [scale, shift] = [
      [2, -3, 10],
      [0.5, 1, -1],
    ]
    const wanted = Array.from({ length: 6 }, (_, k) => {
      const [n, c] = [Math.floor(k / 3), k % 3]
      const values: number[] = []
      for (let i = 0; i < 4; i++)
        for (let j = 0; j < 4; j++) values.push(Math.min(Math.max(nchw(n, c, i, j) * scale[c]! + shift[c]!, 0), 6))
      return mean(values)
    })
    await gives(
      {
        opset: 11,
        inputs: { x: ['unk__1', 4, 4, 3] },
        outputs: { y: 2 },
        nodes: [
          ['Transpose', ['x'], ['t'], { perm: [0, 3, 1, 2] }],
          ['Pad', ['t', 'pads'], ['p']],
          ['Conv', ['p', 'w'], ['c'], { kernel_shape: [3, 3], auto_pad: 'VALID' }],
          ['Transpose', ['c'], ['h'], { perm: [0, 2, 3, 1] }],
          ['Mul', ['h', 'scale'], ['m']],
          ['Add', ['m', 'shift'], ['a']],
          ['Relu', ['a'], ['r']],
          ['Min', ['r', 'six'], ['r6']],
          ['ReduceMean', ['r6'], ['y'], { axes: [1, 2], keepdims: 0 }],
        ],
        constants: {
          pads: int64([8], [0, 0, 1, 1, 0, 0, 1, 1]),
          w: kernel,
          scale: float32([3], scale),
          shift: float32([3], shift),
          six: float32([], [6]),
        },
      },
      { x },
      wanted,
    )
  })

  test('paddle2onnx: Constants, shapes by Shape, Slice and Concat, Identity, Dropout, hard swish from parts', async () => {
    const x = noise([2, 3, 4, 4])
    const swish = (v: number): number => (v * Math.min(Math.max(v + 3, 0), 6)) / 6
    const value = (t: Tensor): Record<string, Attribute> => ({ value: t })
    await gives(
      {
        opset: 9,
        inputs: { x: ['p2o.DynamicDimension.0', 3, 4, 4] },
        outputs: { y: 2 },
        nodes: [
          ['Constant', [], ['three'], value(float32([1], [3]))],
          ['Constant', [], ['sixth'], value(float32([1], [6]))],
          ['Add', ['x', 'three'], ['plus']],
          ['Clip', ['plus'], ['clip'], { min: 0, max: 6 }],
          ['Mul', ['x', 'clip'], ['product']],
          ['Div', ['product', 'sixth'], ['swish']],
          ['Identity', ['swish'], ['same']],
          ['Dropout', ['same'], ['dropped'], { ratio: 0.2 }],
          ['Shape', ['dropped'], ['shape']],
          ['Slice', ['shape'], ['batch'], { axes: [0], starts: [0], ends: [1] }],
          ['Constant', [], ['rest'], value(int64([1], [-1]))],
          ['Concat', ['batch', 'rest'], ['target'], { axis: 0 }],
          ['Reshape', ['dropped', 'target'], ['y']],
        ],
        floats: ['min', 'max'],
      },
      { x },
      toNumbers(x).map(swish),
    )
  })

  test('opset 6: biases broadcast from axis 1, PRelu by channel', async () => {
    const x = noise([2, 3, 4, 4])
    const [bias, slope] = [
      [1, -2, 0.1],
      [0.5, 2, -1],
    ]
    await gives(
      {
        opset: 6,
        inputs: { x: [2, 3, 4, 4] },
        outputs: { y: 4 },
        nodes: [
          ['Add', ['x', 'b'], ['h'], { axis: 1, broadcast: 1 }],
          ['PRelu', ['h', 's'], ['y']],
        ],
        constants: { b: float32([3], bias), s: float32([3], slope) },
      },
      { x },
      affine(x, (v, c) => (v + bias[c]! < 0 ? (v + bias[c]!) * slope[c]! : v + bias[c]!)),
    )
  })

  test('onnxruntime, optimized: fused activations, products, normalisations and attention are what they stand for', async () => {
    const ort = (op: string): string => `com.microsoft.${op}`
    const [x, w] = [noise([2, 3, 4, 4]), noise([5, 3, 3, 3], 2)]
    const [z, bias] = [noise([2, 5, 4, 4], 3), noise([5], 4)]
    const conv = runOracle(
      parseOnnx(
        onnxModel({
          opset: 17,
          inputs: { x: [2, 3, 4, 4] },
          outputs: { y: 4 },
          nodes: [
            ['Conv', ['x', 'w', 'b'], ['c'], { pads: [1, 1, 1, 1] }],
            ['Add', ['c', 'z'], ['s']],
            ['HardSigmoid', ['s'], ['y'], { alpha: 0.25, beta: 0.5 }],
          ],
          constants: { w, b: bias, z },
          floats: ['alpha', 'beta'],
        }),
      ),
      { x },
    ).y!
    const params = { activation: 'HardSigmoid', activation_params: [0.25, 0.5] }
    await gives(
      {
        opset: 17,
        inputs: { x: ['N', 3, 4, 4] },
        outputs: { y: 4 },
        nodes: [[ort('FusedConv'), ['x', 'w', 'b', 'z'], ['y'], { pads: [1, 1, 1, 1], ...params }]],
        constants: { w, b: bias, z },
        floats: ['activation_params'],
      },
      { x },
      toNumbers(conv),
    )

    const [t, packed, projection] = [noise([2, 3, 6]), noise([6, 18], 5), noise([18], 6)]
    const project = (which: number) => (b: number, h: number, token: number, i: number) => {
      const column = which * 6 + h * 3 + i
      let sum = at(projection)(column)
      for (let j = 0; j < 6; j++) sum += at(t)(b, token, j) * at(packed)(j, column)
      return sum
    }
    const result = attend([2, 2, 3, 3, 3], project(0), project(1), project(2), 1 / Math.sqrt(3), () => 0)
    const attended = each([2, 3, 6], (b, token, i) => result(b!, Math.floor(i! / 3), token!, i! % 3))
    await gives(one(ort('Attention'), 17, { x: t }, 3, { num_heads: 2 }, { packed, projection }), { x: t }, attended)
    const exchanged = each([2, 3, 3], (b, i, j) => {
      let sum = 0
      for (let k = 0; k < 6; k++) sum += at(t)(b!, i!, k) * at(t)(b!, j!, k)
      return 0.5 * sum
    })
    const same: OnnxParts = {
      ...one(ort('FusedMatMul'), 17, { x: t }, 3, { transB: 1, alpha: 0.5 }),
      nodes: [[ort('FusedMatMul'), ['x', 'x'], ['y'], { transB: 1, alpha: 0.5 }]],
    }
    await gives(same, { x: t }, exchanged)

    const gamma = noise([6], 7)
    const doubled = each([2, 3, 6], (b, token, i) => {
      const row = Array.from({ length: 6 }, (_, j) => 2 * at(t)(b!, token!, j))
      const m = mean(row)
      return ((row[i!]! - m) / Math.sqrt(mean(row.map((v) => (v - m) ** 2)) + 1e-5)) * at(gamma)(i!)
    })
    const skip: OnnxParts = {
      ...one(ort('SkipLayerNormalization'), 17, { x: t }, 3, {}, { gamma }),
      nodes: [[ort('SkipLayerNormalization'), ['x', 'x', 'gamma'], ['y'], { epsilon: 1e-5 }]],
    }
    await gives(skip, { x: t }, doubled)
  })

  test('onnxruntime, quantized: sums and averages of integers stand for those of their values', async () => {
    const x = noise([2, 3, 4, 4])
    const round = (v: number): number => {
      const floor = Math.floor(v)
      return v - floor === 0.5 ? floor + (floor % 2) : Math.round(v)
    }
    const quantized = (v: number, scale: number, zero: number): number =>
      (Math.min(Math.max(round(Math.fround(v) / Math.fround(scale)) + zero, 0), 255) - zero) * Math.fround(scale)
    const values = toNumbers(x).map((v) => quantized(v, 0.02, 100))
    const wanted = Array.from({ length: 6 }, (_, plane) => {
      const sums = values.slice(plane * 16, plane * 16 + 16).map((v) => quantized(v + v, 0.03, 128))
      return quantized(mean(sums), 0.0137, 64)
    })
    const uint8 = (v: number): Tensor => fromNumbers('uint8', [], [v])
    await gives(
      {
        opset: 13,
        inputs: { x: ['N', 3, 4, 4] },
        outputs: { y: 4 },
        nodes: [
          ['QuantizeLinear', ['x', 'xs', 'xz'], ['q']],
          ['com.microsoft.QLinearAdd', ['q', 'xs', 'xz', 'q', 'xs', 'xz', 'as', 'az'], ['a']],
          ['com.microsoft.QLinearGlobalAveragePool', ['a', 'as', 'az', 'ys', 'yz'], ['p'], { channels_last: 0 }],
          ['DequantizeLinear', ['p', 'ys', 'yz'], ['y']],
        ],
        constants: {
          xs: float32([], [0.02]),
          xz: uint8(100),
          as: float32([], [0.03]),
          az: uint8(128),
          ys: float32([], [0.0137]),
          yz: uint8(64),
        },
      },
      { x },
      wanted,
    )
  })

  test('Resize to a size that follows from another value, as a decoder has it', async () => {
    const x = noise([2, 2, 3, 3])
    const wanted: number[] = []
    for (let plane = 0; plane < 4; plane++) {
      for (let i = 0; i < 6; i++) {
        for (let j = 0; j < 6; j++) wanted.push(toNumbers(x)[plane * 9 + (i >> 1) * 3 + (j >> 1)]!)
      }
    }
    await gives(
      {
        opset: 13,
        inputs: { x: ['N', 2, 3, 3] },
        outputs: { y: 4 },
        nodes: [
          ['Shape', ['x'], ['s']],
          ['Slice', ['s', 'zero', 'two', 'zero'], ['first']],
          ['Slice', ['s', 'two', 'four', 'zero'], ['places']],
          ['Mul', ['places', 'double'], ['larger']],
          ['Concat', ['first', 'larger'], ['sizes'], { axis: 0 }],
          [
            'Resize',
            ['x', '', '', 'sizes'],
            ['y'],
            { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
          ],
        ],
        constants: { zero: int64([1], [0]), two: int64([1], [2]), four: int64([1], [4]), double: int64([], [2]) },
      },
      { x },
      wanted,
    )
  })
})
