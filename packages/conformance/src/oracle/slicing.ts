import { sizeOf, type Tensor } from '@tacojs/graph'
import { axisOf, make, num, offsets, pick, ravel, stridesOf, take, text, values, type Kernels } from './kernel.js'

const list = (t: Tensor | undefined): number[] | undefined => t && [...values(t)]
const clamp = (v: number, low: number, high: number): number => Math.min(high, Math.max(low, v))

/** The part of x that begins at `first` and takes every `steps`-th place along each axis. */
function part(x: Tensor, shape: readonly number[], first: readonly number[], steps: readonly number[]): Tensor {
  const strides = stridesOf(x.shape)
  return take(
    x,
    shape,
    offsets(
      shape,
      strides.map((stride, axis) => stride * steps[axis]!),
      ravel(first, x.shape),
    ),
  )
}

/** Where a padded place comes from in a line of `size`, or undefined for the constant. */
function source(place: number, size: number, mode: string): number | undefined {
  if (mode === 'edge') return clamp(place, 0, size - 1)
  if (mode === 'reflect') {
    const period = Math.max(1, 2 * (size - 1))
    const p = ((place % period) + period) % period
    return p < size ? p : period - p
  }
  return place >= 0 && place < size ? place : undefined
}

export const slicing: Kernels = {
  Concat: (node, inputs) => {
    const parts = inputs.filter((t) => t !== undefined)
    const axis = axisOf(num(node, 'axis', 0), parts[0]!.shape.length)
    const total = parts.reduce((sum, t) => sum + t.shape[axis]!, 0)
    const shape = parts[0]!.shape.map((d, i) => (i === axis ? total : d))
    const inner = sizeOf(shape.slice(axis + 1))
    const out = new Float64Array(sizeOf(shape))
    let before = 0
    for (const t of parts) {
      const run = t.shape[axis]! * inner
      // the part's runs of `run` elements lie `total * inner` apart in the whole
      values(t).forEach((v, i) => {
        out[Math.floor(i / run) * total * inner + before + (i % run)] = v
      })
      before += run
    }
    return [make(parts[0]!.dtype, shape, out)]
  },
  Split: (node, [x, sizes]) => {
    const axis = axisOf(num(node, 'axis', 0), x!.shape.length)
    const size = x!.shape[axis]!
    const chunk = Math.ceil(size / num(node, 'num_outputs', node.outputs.length))
    const lengths = list(sizes) ?? node.outputs.map((_, i) => Math.max(0, Math.min(chunk, size - i * chunk)))
    const ones = x!.shape.map(() => 1)
    let start = 0
    return lengths.map((length) => {
      const shape = x!.shape.map((d, i) => (i === axis ? length : d))
      const first = x!.shape.map((_, i) => (i === axis ? start : 0))
      start += length
      return part(x!, shape, first, ones)
    })
  },
  Slice: (_node, [x, starts, ends, axes, steps]) => {
    const from = list(starts)!
    const to = list(ends)!
    const along = (list(axes) ?? from.map((_, i) => i)).map((a) => axisOf(a, x!.shape.length))
    const by = list(steps) ?? from.map(() => 1)
    const first = x!.shape.map(() => 0)
    const stride = x!.shape.map(() => 1)
    const shape = [...x!.shape]
    along.forEach((axis, i) => {
      const size = x!.shape[axis]!
      const step = by[i]!
      const at = (v: number): number => (v < 0 ? v + size : v)
      const start = step > 0 ? clamp(at(from[i]!), 0, size) : clamp(at(from[i]!), 0, size - 1)
      const end = step > 0 ? clamp(at(to[i]!), 0, size) : clamp(at(to[i]!), -1, size - 1)
      first[axis] = start
      stride[axis] = step
      shape[axis] = Math.max(0, Math.ceil((end - start) / step))
    })
    return [part(x!, shape, first, stride)]
  },
  Gather: (node, [x, indices]) => {
    const axis = axisOf(num(node, 'axis', 0), x!.shape.length)
    const rank = indices!.shape.length
    const rows = values(indices!)
    const shape = [...x!.shape.slice(0, axis), ...indices!.shape, ...x!.shape.slice(axis + 1)]
    return [
      pick(x!, shape, (index) => {
        const place = index.slice(axis, axis + rank).reduce((sum, p, i) => sum * indices!.shape[i]! + p, 0)
        return [...index.slice(0, axis), axisOf(rows[place]!, x!.shape[axis]!), ...index.slice(axis + rank)]
      }),
    ]
  },
  Pad: (node, [x, pads, fill, axes]) => {
    const along = (list(axes) ?? x!.shape.map((_, i) => i)).map((a) => axisOf(a, x!.shape.length))
    const amounts = list(pads)!
    const begins = x!.shape.map((_, axis) => (along.includes(axis) ? amounts[along.indexOf(axis)]! : 0))
    const ends = x!.shape.map((_, axis) => (along.includes(axis) ? amounts[along.indexOf(axis) + along.length]! : 0))
    const shape = x!.shape.map((d, i) => d + begins[i]! + ends[i]!)
    const mode = text(node, 'mode', 'constant')
    const from = (index: number[]): number[] | undefined => {
      const at = index.map((p, i) => source(p - begins[i]!, x!.shape[i]!, mode))
      return at.every((p) => p !== undefined) ? at : undefined
    }
    return [pick(x!, shape, from, fill ? values(fill)[0] : 0)]
  },
}
