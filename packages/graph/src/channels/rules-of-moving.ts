import { normalizeAxis } from '../dims.js'
import type { Dim } from '../graph.js'
import { intsAttribute } from '../ops/attributes.js'
import { sliceRanges } from '../ops/slicing.js'
import type { Coupling, Port } from './coupling.js'
import { reshapeAxes } from './reshape-axes.js'
import { range, type Rule } from './view.js'

/**
 * A Reshape that splits one axis into several, or merges several into one. Channels are then along one of the several:
 * the one that is marked, else the first along which the marked elements are whole slices, else the first.
 */
export const reshape: Rule = (v) => {
  const [from, to] = [v.shape(v.x), v.shape(v.y)]
  // the new shape of a Reshape has to be written down to be changed
  if (v.node.op === 'Reshape' && !v.numbers(1)) return []
  return reshapeAxes(from, to).flatMap((group) => {
    const merges = group.to.length === 1
    if (!merges && group.from.length !== 1) return []
    const [one, axis, several, axes, shape] = merges
      ? [v.y, group.to[0]!, v.x, group.from, from]
      : [v.x, group.from[0]!, v.y, group.to, to]
    const sizes = axes.map((a) => shape[a]!)
    if (sizes.length === 1)
      return v.couple(sizes[0], [
        { value: several, axis: axes[0]! },
        { value: one, axis },
      ])
    const product = (list: readonly Dim[]): number => list.reduce<number>((p, d) => p * (d as number), 1)
    const along = (k: number): Coupling => {
      const place = { repeat: product(sizes.slice(0, k)), block: product(sizes.slice(k + 1)) }
      return {
        size: sizes[k] as number,
        ports: [
          { value: several, axis: axes[k]! },
          { value: one, axis, ...place },
        ],
      }
    }
    const chosen = axes.indexOf(v.around.marked(several)?.axis ?? -1)
    if (chosen >= 0) return [along(chosen)]
    const marked = v.around.marked(one)
    if (marked?.axis !== axis) return [along(0)]
    const whole = sizes.findIndex((size, k) => slices(marked.indices, size as number, along(k).ports[1]!))
    return [along(Math.max(0, whole))]
  })
}

/** Whether elements of an axis are whole slices of a port. */
function slices(indices: ReadonlySet<number>, size: number, port: Port): boolean {
  const { block = 1, repeat = 1 } = port
  const channels = new Set([...indices].map((i) => Math.floor(i / block) % size))
  return channels.size * block * repeat === indices.size
}

export const squeeze: Rule = (v) => {
  const wide = (value: string): number[] => v.allAxes(value).filter((axis) => v.shape(value)[axis] !== 1)
  const [from, to] = [wide(v.x), wide(v.y)]
  return from.length === to.length ? v.keep(from, (axis) => to[from.indexOf(axis)]!) : []
}

export const transpose: Rule = (v) => {
  const perm = intsAttribute(v.node, 'perm', v.allAxes(v.x).reverse())
  return v.keep(v.allAxes(v.x), (axis) => perm.indexOf(axis))
}

export const concat: Rule = (v) => {
  const axis = v.axis(undefined, v.rank(v.y))
  const inputs = v.node.inputs.map((_, i) => i)
  const others = v.allAxes(v.y).filter((a) => a !== axis)
  const aligned = others.flatMap((a) =>
    v.couple(v.shape(v.y)[a], [...inputs.map((i) => v.input(i, a)), { value: v.y, axis: a }]),
  )
  let offset = 0
  const parts = inputs.flatMap((i) => {
    const size = v.shape(v.node.inputs[i]!)[axis]
    const part = v.couple(size, [v.input(i, axis), { value: v.y, axis, offset }])
    offset += typeof size === 'number' ? size : NaN
    return part
  })
  return Number.isNaN(offset) ? aligned : [...aligned, ...parts]
}

export const split: Rule = (v) => {
  const axis = v.axis(0, v.rank(v.x))
  const others = v.allAxes(v.x).filter((a) => a !== axis)
  const aligned = others.flatMap((a) =>
    v.couple(v.shape(v.x)[a], [v.input(0, a), ...v.node.outputs.map((value) => ({ value, axis: a }))]),
  )
  let offset = 0
  const parts = v.node.outputs.flatMap((value) => {
    const size = v.shape(value)[axis]
    const part = v.couple(size, [v.input(0, axis, { offset }), { value, axis }])
    offset += typeof size === 'number' ? size : NaN
    return part
  })
  return Number.isNaN(offset) ? aligned : [...aligned, ...parts]
}

export const slice: Rule = (v) => {
  const [starts, ends, axes, steps] = [1, 2, 3, 4].map((i) => v.numbers(i))
  if (!starts || !ends || (v.node.inputs[3] && !axes) || (v.node.inputs[4] && !steps)) return []
  const ranges = sliceRanges(v.node, v.shape(v.x), starts, ends, axes, steps)
  return ranges.flatMap(({ start, step, length }, axis) =>
    step === 1 ? v.couple(length, [v.input(0, axis, { offset: start }), { value: v.y, axis }]) : [],
  )
}

export const gather: Rule = (v) => {
  const axis = v.axis(0, v.rank(v.x))
  const added = v.rank(v.node.inputs[1]!) - 1
  return v.keep(
    v.allAxes(v.x).filter((a) => a !== axis),
    (a) => (a < axis ? a : a + added),
  )
}

export const pad: Rule = (v) => {
  const pads = v.numbers(1)
  const axes = v.node.inputs[3] ? v.numbers(3) : v.allAxes(v.x)
  if (!pads || !axes) return []
  const padded = new Set(
    axes
      .filter((_, i) => pads[i] !== 0 || pads[i + axes.length] !== 0)
      .map((axis) => normalizeAxis(axis, v.rank(v.x), `node '${v.node.name}'`)),
  )
  return v.keep(v.allAxes(v.x).filter((axis) => !padded.has(axis)))
}

/** Along the batch the second input counts, and of it only the size. */
export const expandBatch: Rule = (v) => [
  ...v.keep(range(1, v.rank(v.x))),
  ...range(1, v.rank(v.node.inputs[1]!)).flatMap((axis) =>
    v.couple(v.shape(v.node.inputs[1]!)[axis], [v.input(1, axis)]),
  ),
]
