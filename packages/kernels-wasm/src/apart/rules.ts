import { numberAttribute, toNumbers, type Dim, type Node, type Tensor } from '@tacojs/graph'

/** A node that reads the images of a batch, in one or several inputs. */
interface Place {
  readonly node: Node
  /** The axis of each input along which the images lie; undefined for what is the same for all of them. */
  readonly axes: readonly (number | undefined)[]
  /** Shapes of the inputs, [] for absent ones, and of the first output. */
  readonly shapes: readonly (readonly Dim[])[]
  readonly output: readonly Dim[]
  /** The input where it is known for good. */
  constant(i: number): Tensor | undefined
}

/**
 * The axis of the outputs along which the images then lie, each computed from its own; undefined where the operator mixes
 * images or may do so. The caller checks that the axis has the batch's size.
 */
type Rule = (place: Place) => number | undefined

const axisOf = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis)
const when = (condition: boolean, axis: number | undefined): number | undefined => (condition ? axis : undefined)

/** The images lie in input 0 alone, along this axis. */
const ofFirst = ({ axes: [axis, ...others] }: Place): number | undefined =>
  when(
    others.every((a) => a === undefined),
    axis,
  )

/** Broadcasting: images meet at one place, counted from the end, where whatever else there is has one element or none. */
const aligned: Rule = ({ axes, shapes }) => {
  const places = new Set(axes.flatMap((axis, i) => (axis === undefined ? [] : [shapes[i]!.length - axis])))
  const [place] = places as Set<number>
  const same = axes.every((axis, i) => {
    const shape = shapes[i]!
    return axis !== undefined || shape.length < place! || shape[shape.length - place!] === 1
  })
  return when(places.size === 1 && same, Math.max(...shapes.map((s) => s.length)) - place!)
}

/** Along the batch's first axis, with constants for weights. */
const ofImages: Rule = (place) => when(ofFirst(place) === 0, 0)

/** Each image keeps its elements in their order: as many come before and after the images' axis as did. */
const reshaped: Rule = (place) => {
  const axis = ofFirst(place)
  if (axis === undefined) return undefined
  const [x] = place.shapes as [readonly Dim[]]
  const size = (dims: readonly Dim[]): number => dims.reduce<number>((n, d) => n * Number(d), 1)
  const to = place.output.indexOf(x[axis]!)
  const { output } = place
  const kept =
    size(output.slice(0, to)) === size(x.slice(0, axis)) && size(output.slice(to + 1)) === size(x.slice(axis + 1))
  return when(to >= 0 && kept, to)
}

const matMul: Rule = ({ axes: [a, b], shapes }) => {
  const [x, y] = shapes as [readonly Dim[], readonly Dim[]]
  if (x.length < 2 || y.length < 2) return undefined
  // rows of the left operand do not meet, nor do the matrices of a stack
  if (b === undefined) return when(a! < x.length - 1, Math.max(x.length, y.length) - x.length + a!)
  const place = y.length - b
  return when(place > 2 && (a === undefined || x.length - a === place), Math.max(x.length, y.length) - place)
}

const gemm: Rule = (place) => {
  const bias = place.shapes[2] ?? []
  const perRow = bias.length === 2 && bias[0] !== 1
  return when(numberAttribute(place.node, 'transA', 0) === 0 && !perRow, ofImages(place))
}

/** Queries, keys and values of the same images; a bias for all of them or for each. */
const attention: Rule = ({ axes, shapes }) => {
  const [q, k, v] = axes
  const rank = shapes[0]!.length
  const found = aligned({ axes, shapes } as Place)
  return when(q !== undefined && q === k && q === v && found === q && q < rank - 2, q)
}

const alongOthers =
  (fallback: number): Rule =>
  (place) => {
    const axis = ofFirst(place)
    const along = axisOf(numberAttribute(place.node, 'axis', fallback), place.shapes[0]!.length)
    return when(along !== axis, axis)
  }

const layerNormalization: Rule = (place) => {
  const axis = ofFirst(place)
  const from = axisOf(numberAttribute(place.node, 'axis', -1), place.shapes[0]!.length)
  return when(axis !== undefined && axis < from, axis)
}

const concat: Rule = ({ node, axes, shapes }) => {
  const along = axisOf(numberAttribute(node, 'axis'), shapes[0]!.length)
  return when(new Set(axes).size === 1 && axes[0] !== along, axes[0])
}

const reduce: Rule = (place) => {
  const axis = ofFirst(place)
  const { node, shapes } = place
  const listed = place.constant(1)
  if (axis === undefined || !listed || listed.data.length === 0) return undefined
  const axes = new Set(toNumbers(listed).map((a) => axisOf(a, shapes[0]!.length)))
  const gone = numberAttribute(node, 'keepdims', 1) === 0 ? [...axes].filter((a) => a < axis).length : 0
  return when(!axes.has(axis), axis - gone)
}

const transpose: Rule = (place) => {
  const axis = ofFirst(place)
  const rank = place.shapes[0]!.length
  const perm = place.node.attributes.perm as readonly number[] | undefined
  if (axis === undefined) return undefined
  return perm ? perm.map(Number).indexOf(axis) : rank - 1 - axis
}

const gather: Rule = (place) => {
  const axis = ofFirst(place)
  const along = axisOf(numberAttribute(place.node, 'axis', 0), place.shapes[0]!.length)
  if (axis === undefined || along === axis) return undefined
  return axis < along ? axis : axis - 1 + place.shapes[1]!.length
}

const slice: Rule = (place) => {
  const axis = ofFirst(place)
  const [starts, axes] = [place.constant(1), place.constant(3)]
  if (axis === undefined || !starts || (place.node.inputs[3] && !axes)) return undefined
  const listed = axes ? toNumbers(axes) : Array.from({ length: starts.data.length }, (_, i) => i)
  return when(!listed.map((a) => axisOf(a, place.shapes[0]!.length)).includes(axis), axis)
}

const pad: Rule = (place) => {
  const axis = ofFirst(place)
  const pads = place.constant(1)
  if (axis === undefined || !pads || place.node.inputs[3]) return undefined
  const amounts = toNumbers(pads)
  return when(amounts[axis] === 0 && amounts[axis + amounts.length / 2] === 0, axis)
}

const tile: Rule = (place) => {
  const axis = ofFirst(place)
  const repeats = place.constant(1)
  return when(axis !== undefined && repeats !== undefined && toNumbers(repeats)[axis] === 1, axis)
}

/** Without its axes it would also take away the axis of a single image. */
const squeeze: Rule = (place) => when(place.constant(1) !== undefined, reshaped(place))

/** What is the same for all images becomes one for each. */
const expandBatch: Rule = ({ axes: [x, like] }) => when(x === undefined, like === 0 ? 0 : undefined)

/** Broadcasts input 0 to a shape; the place of the images counts from the end. */
const expand: Rule = (place) => {
  const axis = ofFirst(place)
  return axis === undefined ? undefined : place.output.length - place.shapes[0]!.length + axis
}

const all = (names: string, rule: Rule): [string, Rule][] => names.split(' ').map((name) => [name, rule])

const elementwise =
  'Abs Neg Sqrt Exp Log Erf Tanh Sigmoid Relu LeakyRelu Elu Selu HardSigmoid HardSwish Softplus Softsign Mish Gelu ' +
  'Reciprocal Floor Ceil Round Clip Identity'

/** Operators that are known to keep images apart; of all others it is not known. */
export const rules: ReadonlyMap<string, Rule> = new Map([
  ...all(elementwise, ofFirst),
  ...all('Add Sub Mul Div Max Min Sum Pow LayerScale', aligned),
  ...all('Conv MaxPool AveragePool GlobalAveragePool GlobalMaxPool DepthToSpace SpaceToDepth', ofImages),
  ...all('BatchNormalization InstanceNormalization', ofImages),
  ...all('ReduceSum ReduceMean ReduceMax ReduceMin ReduceProd ReduceSumSquare ReduceL1 ReduceL2', reduce),
  ...all('Reshape Flatten Unsqueeze', reshaped),
  ...all('Softmax LogSoftmax', alongOthers(-1)),
  ...all('Split', alongOthers(0)),
  ['Linear', (place) => when(ofFirst(place) !== place.shapes[0]!.length - 1, ofFirst(place))],
  ['Gemm', gemm],
  ['MatMul', matMul],
  ['Attention', attention],
  ['LayerNormalization', layerNormalization],
  ['Concat', concat],
  ['Transpose', transpose],
  ['Gather', gather],
  ['Slice', slice],
  ['Pad', pad],
  ['Tile', tile],
  ['Squeeze', squeeze],
  ['Expand', expand],
  ['ExpandBatch', expandBatch],
])
