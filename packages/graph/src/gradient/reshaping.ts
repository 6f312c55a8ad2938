import { intsAttribute, numberAttribute, stringAttribute } from '../ops/attributes.js'
import type { Rules, Vjp } from './context.js'
import { reshapeLike, unbroadcast } from './shapes.js'

/** The same elements in another shape: back to that of the input. */
const reshape: Vjp = (node, c, [dy]) => [reshapeLike(c, dy!, node.inputs[0]!)]

/** Repeated along dimensions of 1: summed over them. */
const expand: Vjp = (node, c, [dy]) => [
  c.needs(0) ? unbroadcast(c, dy!, c.shape(node.outputs[0]!), node.inputs[0]!) : undefined,
  // ExpandBatch takes the size of its second input only
  null,
]

const transpose: Vjp = (node, c, [dy]) => {
  const rank = c.shape(node.inputs[0]!).length
  const reversed = Array.from({ length: rank }, (_, i) => rank - 1 - i)
  const perm = intsAttribute(node, 'perm', reversed)
  return [c.add('Transpose', [dy!], { perm: perm.map((_, axis) => perm.indexOf(axis)) })]
}

/** Values of other types than float32 are on no way back: a cast on one is none. */
const cast: Vjp = (_node, _c, [dy]) => [dy]

const depthToSpace: Vjp = (node, c, [dy]) => {
  if (stringAttribute(node, 'mode', 'DCR') !== 'DCR') return c.refuse('its mode is not DCR')
  return [c.add('SpaceToDepth', [dy!], { blocksize: numberAttribute(node, 'blocksize') })]
}

export const reshaping: Rules = {
  Reshape: reshape,
  Flatten: reshape,
  Squeeze: reshape,
  Unsqueeze: reshape,
  Transpose: transpose,
  Expand: expand,
  'ai.tacojs.ExpandBatch': expand,
  Cast: cast,
  DepthToSpace: depthToSpace,
  SpaceToDepth: (node, c, [dy]) => [c.add('DepthToSpace', [dy!], { blocksize: numberAttribute(node, 'blocksize') })],
}
