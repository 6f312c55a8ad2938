import { sizeOf, type Node, type Tensor } from '@tacojs/graph'
import { axisOf, make, num, pick, ravel, text, unravel, values, type Kernels } from './kernel.js'

const combine = (node: Node, old: number, update: number): number => {
  switch (text(node, 'reduction', 'none')) {
    case 'add':
      return old + update
    case 'mul':
      return old * update
    case 'max':
      return Math.max(old, update)
    case 'min':
      return Math.min(old, update)
    default:
      return update
  }
}

/** The indices that the last axis of a tensor holds for each place of the axes before it. */
function tuples(indices: Tensor): number[][] {
  const width = indices.shape[indices.shape.length - 1]!
  const all = [...values(indices)]
  return Array.from({ length: sizeOf(indices.shape.slice(0, -1)) }, (_, i) => all.slice(i * width, (i + 1) * width))
}

const positive = (index: readonly number[], shape: readonly number[]): number[] =>
  index.map((at, axis) => axisOf(at, shape[axis]!))

export const indexing: Kernels = {
  TopK: (node, [x, count]) => {
    const axis = axisOf(num(node, 'axis', -1), x!.shape.length)
    const k = values(count!)[0]!
    const shape = x!.shape.map((d, i) => (i === axis ? k : d))
    const from = values(x!)
    const [best, places] = [new Float64Array(sizeOf(shape)), new Float64Array(sizeOf(shape))]
    for (let i = 0; i < best.length; i++) {
      const index = unravel(i, shape)
      const line = Array.from({ length: x!.shape[axis]! }, (_, p) => {
        const at = index.map((v, a) => (a === axis ? p : v))
        return { p, v: from[ravel(at, x!.shape)]! }
      })
      line.sort((a, b) => (num(node, 'largest', 1) ? b.v - a.v : a.v - b.v) || a.p - b.p)
      best[i] = line[index[axis]!]!.v
      places[i] = line[index[axis]!]!.p
    }
    return [make(x!.dtype, shape, best), make('int64', shape, places)]
  },
  GatherElements: (node, [x, indices]) => {
    const axis = axisOf(num(node, 'axis', 0), x!.shape.length)
    const listed = values(indices!)
    return [
      pick(x!, indices!.shape, (index) => {
        const at = axisOf(listed[ravel(index, indices!.shape)]!, x!.shape[axis]!)
        return index.map((v, a) => (a === axis ? at : v))
      }),
    ]
  },
  GatherND: (node, [x, indices]) => {
    const batch = num(node, 'batch_dims', 0)
    const listed = tuples(indices!)
    const outer = indices!.shape.slice(0, -1)
    const width = indices!.shape[outer.length]!
    return [
      pick(x!, [...outer, ...x!.shape.slice(batch + width)], (index) => {
        const tuple = listed[ravel(index.slice(0, outer.length), outer)]!
        const whole = [...index.slice(0, batch), ...tuple, ...index.slice(outer.length)]
        return positive(whole, x!.shape)
      }),
    ]
  },
  ScatterElements: (node, [x, indices, updates]) => {
    const axis = axisOf(num(node, 'axis', 0), x!.shape.length)
    const [listed, out] = [values(indices!), Float64Array.from(values(x!))]
    values(updates!).forEach((update, i) => {
      const index = unravel(i, indices!.shape)
      index[axis] = listed[i]!
      const at = ravel(positive(index, x!.shape), x!.shape)
      out[at] = combine(node, out[at]!, update)
    })
    return [make(x!.dtype, x!.shape, out)]
  },
  ScatterND: (node, [x, indices, updates]) => {
    const listed = tuples(indices!)
    const outer = indices!.shape.slice(0, -1)
    const out = Float64Array.from(values(x!))
    values(updates!).forEach((update, i) => {
      const index = unravel(i, updates!.shape)
      const tuple = listed[ravel(index.slice(0, outer.length), outer)]!
      const at = ravel(positive([...tuple, ...index.slice(outer.length)], x!.shape), x!.shape)
      out[at] = combine(node, out[at]!, update)
    })
    return [make(x!.dtype, x!.shape, out)]
  },
}
