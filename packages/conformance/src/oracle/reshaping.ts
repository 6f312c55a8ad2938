import { sizeOf, type Tensor } from '@tacojs/graph'
import { axisOf, ints, num, offsets, pick, stridesOf, take, values, type Kernels } from './kernel.js'

const reshape = (x: Tensor, shape: readonly number[]): Tensor => {
  if (sizeOf(shape) !== sizeOf(x.shape)) throw new Error(`cannot reshape [${x.shape.join()}] to [${shape.join()}]`)
  return { ...x, shape }
}

export const reshaping: Kernels = {
  Reshape: (node, [x, target]) => {
    const copyZero = !num(node, 'allowzero', 0)
    const shape = [...values(target!)].map((d, i) => (d === 0 && copyZero ? x!.shape[i]! : d))
    const free = shape.indexOf(-1)
    if (free >= 0) shape[free] = sizeOf(x!.shape) / (sizeOf(shape.filter((d) => d !== -1)) || 1)
    return [reshape(x!, shape)]
  },
  Transpose: (node, [x]) => {
    const perm = ints(
      node,
      'perm',
      x!.shape.map((_, i) => x!.shape.length - 1 - i),
    )
    const [shape, strides] = [x!.shape, stridesOf(x!.shape)].map((list) => perm.map((p) => list[p]!)) as [
      number[],
      number[],
    ]
    return [take(x!, shape, offsets(shape, strides))]
  },
  Flatten: (node, [x]) => {
    const axis = axisOf(num(node, 'axis', 1), x!.shape.length)
    return [reshape(x!, [sizeOf(x!.shape.slice(0, axis)), sizeOf(x!.shape.slice(axis))])]
  },
  Squeeze: (_node, [x, axes]) => {
    const gone = axes && [...values(axes)].map((a) => axisOf(a, x!.shape.length))
    return [
      reshape(
        x!,
        x!.shape.filter((d, i) => (gone ? !gone.includes(i) : d !== 1)),
      ),
    ]
  },
  Unsqueeze: (_node, [x, axes]) => {
    const rank = x!.shape.length + axes!.data.length
    const added = [...values(axes!)].map((a) => axisOf(a, rank))
    const rest = [...x!.shape]
    return [
      reshape(
        x!,
        Array.from({ length: rank }, (_, i) => (added.includes(i) ? 1 : rest.shift()!)),
      ),
    ]
  },
  /**
   * Channels become blocks of pixels: DCR takes the block's place from the slow part of the channel, CRD from the fast
   * one.
   */
  DepthToSpace: (node, [x]) => {
    const [n, c, h, w] = x!.shape as [number, number, number, number]
    const b = num(node, 'blocksize', 1)
    const depth = c / (b * b)
    const crd = node.attributes.mode === 'CRD'
    return [
      pick(x!, [n, depth, h * b, w * b], ([i, d, y, z]) => {
        const place = (y! % b) * b + (z! % b)
        return [i!, crd ? d! * b * b + place : place * depth + d!, Math.floor(y! / b), Math.floor(z! / b)]
      }),
    ]
  },
  SpaceToDepth: (node, [x]) => {
    const [n, c, h, w] = x!.shape as [number, number, number, number]
    const b = num(node, 'blocksize', 1)
    return [
      pick(x!, [n, c * b * b, h / b, w / b], ([i, d, y, z]) => {
        const place = Math.floor(d! / c)
        return [i!, d! % c, y! * b + Math.floor(place / b), z! * b + (place % b)]
      }),
    ]
  },
}
