import { sizeOf, type Node, type Tensor } from '@tacojs/graph'
import { ints, make, num, values, type Kernels } from './kernel.js'
import { asPlane, axes } from './window.js'

/** Calls f with the cells of each window that lie in the image, and how many lie in the image or its padding. */
function pool(node: Node, x: Tensor, f: (cells: number[], padded: number) => number): Tensor {
  const spatial = axes(node, x.shape.slice(2), ints(node, 'kernel_shape', []))
  const [h, v] = asPlane(spatial)
  const planes = x.shape[0]! * x.shape[1]!
  const input = values(x)
  const out = new Float64Array(planes * h.out * v.out)
  let o = 0
  for (let plane = 0; plane < planes; plane++) {
    for (let i = 0; i < h.out; i++) {
      for (let j = 0; j < v.out; j++) {
        const cells: number[] = []
        let padded = 0
        for (let p = 0; p < h.kernel; p++) {
          for (let q = 0; q < v.kernel; q++) {
            const row = i * h.stride + p * h.dilation - h.begin
            const col = j * v.stride + q * v.dilation - v.begin
            // what ceil_mode reaches beyond the padding is no part of the average
            if (row < h.size + h.end && col < v.size + v.end) padded++
            if (row >= 0 && row < h.size && col >= 0 && col < v.size) {
              cells.push(input[(plane * h.size + row) * v.size + col]!)
            }
          }
        }
        out[o++] = f(cells, padded)
      }
    }
  }
  return make(x.dtype, [...x.shape.slice(0, 2), ...spatial.map((a) => a.out)], out)
}

const sum = (cells: Iterable<number>): number => {
  let total = 0
  for (const c of cells) total += c
  return total
}
const max = (cells: Iterable<number>): number => {
  let best = -Infinity
  for (const c of cells) best = Math.max(best, c)
  return best
}

function global(x: Tensor, f: (cells: Float64Array) => number): Tensor {
  const size = sizeOf(x.shape.slice(2))
  const input = values(x)
  const out = new Float64Array(x.shape[0]! * x.shape[1]!).map((_, i) => f(input.subarray(i * size, (i + 1) * size)))
  return make(
    x.dtype,
    x.shape.map((d, i) => (i < 2 ? d : 1)),
    out,
  )
}

export const pooling: Kernels = {
  MaxPool: (node, [x]) => [pool(node, x!, max)],
  AveragePool: (node, [x]) => {
    const all = num(node, 'count_include_pad', 0) !== 0
    return [pool(node, x!, (cells, padded) => sum(cells) / (all ? padded : cells.length))]
  },
  GlobalAveragePool: (_node, [x]) => [global(x!, (cells) => sum(cells) / cells.length)],
  GlobalMaxPool: (_node, [x]) => [global(x!, max)],
}
