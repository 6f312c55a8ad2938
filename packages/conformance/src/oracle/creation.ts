import { sizeOf, type Tensor } from '@tacojs/graph'
import { broadcast, make, num, pick, values, widen, type Kernels } from './kernel.js'

const sizes = (t: Tensor): number[] => [...values(t)]

const repeat = (x: Tensor, shape: readonly number[]): Tensor =>
  pick(x, shape, (index) => x.shape.map((d, i) => index[i + shape.length - x.shape.length]! % d))

export const creation: Kernels = {
  Shape: (node, [x]) => {
    const rank = x!.shape.length
    const shape = x!.shape.slice(num(node, 'start', 0), num(node, 'end', rank))
    return [make('int64', [shape.length], Float64Array.from(shape))]
  },
  Size: (_node, [x]) => [make('int64', [], Float64Array.of(sizeOf(x!.shape)))],
  Constant: (node) => [widen(node.attributes.value as Tensor)],
  ConstantOfShape: (node, [shape]) => {
    const value = node.attributes.value as Tensor | undefined
    const [dtype, fill] = value ? [value.dtype, values(value)[0]!] : (['float64', 0] as const)
    return [make(dtype, sizes(shape!), new Float64Array(sizeOf(sizes(shape!))).fill(fill))]
  },
  Range: (_node, inputs) => {
    const [start, limit, delta] = inputs.map((t) => values(t!)[0]!) as [number, number, number]
    const length = Math.max(0, Math.ceil((limit - start) / delta))
    return [
      make(
        inputs[0]!.dtype,
        [length],
        new Float64Array(length).map((_, i) => start + i * delta),
      ),
    ]
  },
  Expand: (_node, [x, shape]) => [repeat(x!, broadcast(x!.shape, sizes(shape!)))],
  Tile: (_node, [x, repeats]) => [
    repeat(
      x!,
      x!.shape.map((d, i) => d * sizes(repeats!)[i]!),
    ),
  ],
  'ai.tacojs.ExpandBatch': (_node, [x, like]) => [repeat(x!, [like!.shape[0]!, ...x!.shape.slice(1)])],
}
