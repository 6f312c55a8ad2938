import { normalizeAxis } from '../dims.js'
import type { Node } from '../graph.js'
import { numberAttribute } from '../ops/attributes.js'
import { toNumbers } from '../tensor.js'
import type { GradientContext, Rules, Vjp } from './context.js'
import { expandLike } from './shapes.js'
import { step } from './steps.js'

interface Reduced {
  readonly x: string
  readonly axes: readonly number[]
  /** The gradient of the result, and the result, with size 1 along the axes. */
  readonly dy: string
  readonly y: string
}

function axesOf(node: Node, c: GradientContext): number[] {
  const rank = c.shape(node.inputs[0]!).length
  if (node.op.startsWith('Global')) return Array.from({ length: rank - 2 }, (_, i) => i + 2)
  const given = node.inputs[1] ? c.constant(node.inputs[1]) : undefined
  if (node.inputs[1] && !given) return c.refuse('its axes are not constant')
  const listed = given ? toNumbers(given) : []
  if (listed.length > 0) return listed.map((axis) => normalizeAxis(axis, rank, `node '${node.name}'`))
  return numberAttribute(node, 'noop_with_empty_axes', 0) ? [] : Array.from({ length: rank }, (_, i) => i)
}

const reduce =
  (rule: (c: GradientContext, r: Reduced) => string): Vjp =>
  (node, c, [dy]) => {
    const [x, y] = [node.inputs[0]!, node.outputs[0]!]
    const axes = axesOf(node, c)
    const kept = c.shape(y).length === c.shape(x).length
    const keep = (value: string): string => (kept ? value : c.add('Unsqueeze', [value, c.longs(axes)]))
    const nothing = axes.length === 0 && c.shape(x).length > 0
    return [nothing ? dy! : rule(c, { x, axes, dy: keep(dy!), y: kept ? y : keep(y) })]
  }

const sum = reduce((c, { x, axes, dy }) => expandLike(c, dy, x, axes))

const mean = reduce((c, { x, axes, dy }) => {
  const sizes = axes.map((axis) => c.shape(x)[axis]!)
  if (sizes.some((size) => typeof size === 'string'))
    return c.refuse(`it takes the mean over '${sizes.join()}' elements`)
  const count = (sizes as number[]).reduce((a, b) => a * b, 1)
  return expandLike(c, c.add('Mul', [dy, c.scalar(1 / count)]), x, axes)
})

/** dy where the element is the extreme one, shared among equal ones. */
const extreme = (sign: 1 | -1): Vjp =>
  reduce((c, { x, axes, dy, y }) => {
    const beyond = step(c, c.add('Sub', sign === 1 ? [y, x] : [x, y]))
    const hit = c.add('Sub', [c.scalar(1), beyond])
    const count = c.add('ReduceSum', [hit, c.longs(axes)], { keepdims: 1 })
    return c.add('Mul', [hit, c.add('Div', [dy, count])])
  })

/** The least positive normal number: the norm of zeros is no divisor. */
const tiny = 2 ** -126

export const reduction: Rules = {
  ReduceSum: sum,
  ReduceMean: mean,
  GlobalAveragePool: mean,
  ReduceMax: extreme(1),
  ReduceMin: extreme(-1),
  GlobalMaxPool: extreme(1),
  ReduceSumSquare: reduce((c, { x, dy }) => c.add('Mul', [x, c.add('Mul', [dy, c.scalar(2)])])),
  // x over the norm first, which is at most 1: dy over a tiny one would be infinite
  ReduceL2: reduce((c, { x, dy, y }) => c.add('Mul', [c.add('Div', [x, c.add('Clip', [y, c.scalar(tiny)])]), dy])),
}
