import { float32, node, windowOf, type Graph, type Node, type Tensor } from '@tacojs/graph'
import { tfjs } from '../index.js'

/** Every combination of what a window can be, on sizes that do not divide; the loops below say what is meant. */
const kernels = [
  [3, 3],
  [1, 1],
  [2, 3],
]
const strides = [
  [1, 1],
  [2, 2],
  [3, 1],
]
const dilations = [
  [1, 1],
  [2, 1],
]
const paddings = [
  [0, 0, 0, 0],
  [1, 0, 0, 1],
]

let state = 1
const random = (...shape: number[]): Tensor<'float32'> =>
  float32(
    shape,
    Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => {
      state = (state * 48271) % 2147483647
      return state / 2147483647 - 0.5
    }),
  )

const [height, width] = [8, 9]

/**
 * Calls `visit` for each output position of a channel plane, each place k of its window, and the cell there: null is
 * padding.
 */
function slide(
  n: Node,
  kernel: number[],
  out: readonly number[],
  visit: (at: number, cell: number | null, k: number) => void,
) {
  const { strides, pads, dilations } = windowOf(n, [height, width], kernel)
  for (let y = 0; y < out[2]!; y++)
    for (let x = 0; x < out[3]!; x++)
      for (let k = 0; k < kernel[0]! * kernel[1]!; k++) {
        const row = y * strides[0]! - pads[0]! + Math.floor(k / kernel[1]!) * dilations[0]!
        const column = x * strides[1]! - pads[1]! + (k % kernel[1]!) * dilations[1]!
        const inside = row >= 0 && row < height && column >= 0 && column < width
        // Beyond the pads, where ceil_mode may lead, nothing counts.
        const padded = row < height + pads[2]! && column < width + pads[3]!
        if (inside || padded) visit(y * out[3]! + x, inside ? row * width + column : null, k)
      }
}

async function run(engine: string, n: Node, inputs: Tensor[]): Promise<Tensor> {
  const graph: Graph = {
    name: n.op,
    inputs: [{ name: 'x', dtype: 'float32', shape: inputs[0]!.shape }],
    outputs: [{ name: 'y', dtype: 'float32', shape: ['a', 'b', 'c', 'd'] }],
    nodes: [n],
    initializers: new Map(inputs.slice(1).map((tensor, i) => [`w${i}`, { tensor }])),
  }
  const program = await tfjs({ engine }).compile(graph)
  const { y } = await program.run({ x: inputs[0]! })
  program.dispose()
  return y!
}

const windows = kernels.flatMap((kernel_shape) =>
  strides.flatMap((s) =>
    dilations.flatMap((d) => paddings.map((pads) => ({ kernel_shape, strides: s, dilations: d, pads }))),
  ),
)

function expectClose(actual: Tensor, expected: ArrayLike<number>): void {
  expect(actual.data.length).toBe(expected.length)
  const worst = Math.max(...Array.from(actual.data as Float32Array, (v, i) => Math.abs(v - expected[i]!)))
  expect(worst).toBeLessThan(1e-5)
}

describe.each(['cpu', 'wasm'])('%s', (engine) => {
  test.each([1, 2, 4])('convolutions in %i groups', async (group) => {
    for (const attributes of windows) {
      const [kh, kw] = attributes.kernel_shape as [number, number]
      const [x, w, b] = [random(1, 4, height, width), random(8, 4 / group, kh, kw), random(8)]
      const n = node('Conv', ['x', 'w0', 'w1'], ['y'], { attributes: { ...attributes, group } })
      const y = await run(engine, n, [x, w, b])
      const plane = y.shape[2]! * y.shape[3]!
      const expected = Float64Array.from({ length: 8 * plane }, (_, i) => b.data[Math.floor(i / plane)]!)
      for (let o = 0; o < 8; o++)
        for (let i = 0; i < 4 / group; i++) {
          const channel = Math.floor((o * group) / 8) * (4 / group) + i
          slide(n, [kh, kw], y.shape, (at, cell, k) => {
            const weight = w.data[(o * (4 / group) + i) * kh * kw + k]!
            if (cell !== null) expected[o * plane + at]! += weight * x.data[channel * height * width + cell]!
          })
        }
      expectClose(y, expected)
    }
  })

  test.each([
    ['MaxPool', 0, 0],
    ['MaxPool', 1, 0],
    ['AveragePool', 0, 0],
    ['AveragePool', 0, 1],
    ['AveragePool', 1, 0],
    ['AveragePool', 1, 1],
  ])('%s with ceil_mode %i, count_include_pad %i', async (op, ceil_mode, count_include_pad) => {
    for (const attributes of windows) {
      if (attributes.pads.some((p, i) => p >= attributes.kernel_shape[i % 2]!)) continue
      const x = random(1, 2, height, width)
      const counting: Record<string, number> = op === 'MaxPool' ? {} : { count_include_pad }
      const n = node(op, ['x'], ['y'], { attributes: { ...attributes, ceil_mode, ...counting } })
      const y = await run(engine, n, [x])
      const plane = y.shape[2]! * y.shape[3]!
      const cells = Array.from({ length: 2 * plane }, (): number[] => [])
      for (let c = 0; c < 2; c++)
        slide(n, attributes.kernel_shape, y.shape, (at, cell) => {
          if (cell !== null) cells[c * plane + at]!.push(x.data[c * height * width + cell]!)
          else if (count_include_pad) cells[c * plane + at]!.push(0)
        })
      const mean = (v: number[]): number => v.reduce((a, b) => a + b, 0) / v.length
      expectClose(
        y,
        cells.map((v) => (op === 'MaxPool' ? Math.max(...v) : mean(v))),
      )
    }
  })
})
