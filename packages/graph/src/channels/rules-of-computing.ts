import { normalizeAxis } from '../dims.js'
import { numberAttribute } from '../ops/attributes.js'
import { range, type Rule } from './view.js'

export const linear: Rule = (v) => {
  const [rows, cols] = v.shape(v.node.inputs[1]!)
  const last = v.rank(v.x) - 1
  if (!v.isConstant(v.node.inputs[1]!)) return []
  return [
    ...v.couple(cols, [v.input(0, last), v.input(1, 1)], { layer: 'consumer' }),
    ...v.couple(rows, [v.input(1, 0), v.input(2, 0), { value: v.y, axis: last }], { layer: 'producer' }),
    ...v.keep(range(0, last)),
  ]
}

/** A convolution with groups (a depthwise one has as many as channels) keeps its groups apart, and loses whole ones. */
export const conv: Rule = (v) => {
  const weight = v.node.inputs[1]!
  if (!v.isConstant(weight)) return []
  const group = numberAttribute(v.node, 'group', 1)
  const [rows, cols] = v.shape(weight) as number[]
  if (group === 1) {
    return [
      ...v.couple(cols, [v.input(0, 1), v.input(1, 1)], { layer: 'consumer' }),
      ...v.couple(rows, [v.input(1, 0), v.input(2, 0), { value: v.y, axis: 1 }], { layer: 'producer' }),
    ]
  }
  const block = rows! / group
  const own = [v.input(1, 0, { block }), v.input(2, 0, { block }), { value: v.y, axis: 1, block }]
  return v.couple(group, [v.input(0, 1, { block: cols! }), ...own])
}

export const matMul: Rule = (v) => {
  const [a, b] = v.node.inputs as [string, string]
  const rank = v.rank(v.y)
  if (v.rank(a) < 2 || v.rank(b) < 2) return []
  return [
    ...v.broadcast([0, 1], range(0, rank - 2)),
    ...v.couple(v.shape(a).at(-2), [v.input(0, v.rank(a) - 2), { value: v.y, axis: rank - 2 }]),
    ...v.couple(v.shape(b).at(-1), [v.input(1, v.rank(b) - 1), { value: v.y, axis: rank - 1 }]),
  ]
}

/** Heads go together in query, key, value and bias; a dimension of the values by itself. */
export const attention: Rule = (v) => {
  const rank = v.rank(v.y)
  return [
    ...v.broadcast([0, 1, 2, 3], range(0, rank - 2)),
    ...v.couple(v.shape(v.y).at(-1), [v.input(2, rank - 1), { value: v.y, axis: rank - 1 }]),
  ]
}

export const layerNormalization: Rule = (v) => {
  const axis = v.axis(-1, v.rank(v.x))
  const normalized = v.broadcast([0, 1, 2], range(axis, v.rank(v.x)))
  return [...v.keep(range(0, axis)), ...normalized.map((coupling) => ({ ...coupling, shared: true as const }))]
}

/** [N, C, …], each channel by itself, with parameters per channel. */
export const perChannel: Rule = (v) =>
  v.couple(v.shape(v.x)[1], [...v.node.inputs.map((_, i) => v.input(i, i === 0 ? 1 : 0)), { value: v.y, axis: 1 }])

export const softmax: Rule = (v) => {
  const axis = v.axis(-1, v.rank(v.x))
  return v.keep(v.allAxes(v.x).filter((a) => a !== axis))
}

export const reduce: Rule = (v) => {
  const rank = v.rank(v.x)
  const listed = v.node.inputs[1] ? v.numbers(1) : []
  if (!listed || listed.length === 0) return []
  const reduced = new Set(listed.map((axis) => normalizeAxis(axis, rank, `node '${v.node.name}'`)))
  const keepdims = numberAttribute(v.node, 'keepdims', 1) !== 0
  const stays = v.allAxes(v.x).filter((axis) => !reduced.has(axis))
  const kept = v.keep(stays, (axis) => (keepdims ? axis : stays.indexOf(axis)))
  if (v.node.op !== 'ReduceMean') return kept
  return [
    ...kept,
    ...[...reduced].flatMap((axis) => v.couple(v.shape(v.x)[axis], [v.input(0, axis)], { shared: true })),
  ]
}

export const allInputs: Rule = (v) => v.broadcast(v.node.inputs.map((_, i) => i))
