import { inferTypes, intsAttribute, sizeOf, sizeWith, type Graph, type Node } from '@tacojs/graph'

/**
 * How the rows of a value [..., channels] belong to the images of a batch: so many of the first image lie side by side, then
 * as many of the next, and so on, and when all had their turn again of the first. All of an image: Infinity, as the batch
 * is mostly the first dimension. 1: for one position those of all images and then for the next, as in the attention of
 * PyTorch's nn.MultiheadAttention.
 */
export type ImageOrder = number

/** Where the batch is: in which dimension, and how much of that lies inside of it. */
interface Place {
  readonly axis: number
  readonly inner: number
}

/** Sizes in the place of unknown ones: primes, for nothing else to be the same. Twice, since what depends on them shows so. */
const trials = [
  [10007, 211, 223, 227, 229],
  [10009, 307, 311, 313, 317],
]

/**
 * The order in which the values of a graph have their images: the batch is followed from the input on, through reshapes,
 * which leave the memory as it is, and transpositions; other operators leave its dimension. Undefined where it is lost, or
 * parted, or where sizes decide that only images have.
 */
export function imageOrders(graph: Graph): (value: string) => ImageOrder | undefined {
  const batch = graph.inputs[0]!.shape[0]!
  // one image is in any order
  if (batch === 1) return () => Infinity
  const types = inferTypes(graph)
  const [first, second] = trials.map(([images, ...others]) => {
    const sizes = new Map(typeof batch === 'string' ? [[batch, images!]] : [])
    return ordersAt(graph, (value) =>
      types.get(value)!.shape.map((dim) =>
        sizeWith(dim, (symbol) => {
          if (!sizes.has(symbol)) sizes.set(symbol, others.shift() ?? 10 * images! + sizes.size)
          return sizes.get(symbol)!
        }),
      ),
    )
  })
  return (value) => (first!(value) === second!(value) ? first!(value) : undefined)
}

function ordersAt(
  graph: Graph,
  shapeOf: (value: string) => readonly number[],
): (value: string) => ImageOrder | undefined {
  const images = shapeOf(graph.inputs[0]!.name)[0]!
  const places = new Map<string, Place>([[graph.inputs[0]!.name, { axis: 0, inner: 1 }]])
  for (const node of graph.nodes) {
    for (const output of node.outputs.filter((name) => name !== '')) {
      const found = node.inputs.flatMap((input) => {
        const place = places.get(input)
        const next = place && follow(node, place, shapeOf(input), shapeOf(output), images)
        return next ? [next] : []
      })
      if (found.length > 0) places.set(output, found[0]!)
    }
  }
  return (value) => {
    const place = places.get(value)
    if (!place) return undefined
    const shape = shapeOf(value)
    const outer = sizeOf(shape.slice(0, place.axis)) * (shape[place.axis]! / images / place.inner)
    return outer === 1 ? Infinity : place.inner * sizeOf(shape.slice(place.axis + 1, -1))
  }
}

const moving = ['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze']

/** Where an output has what is at a place in an input; undefined where that cannot be said. */
function follow(
  node: Node,
  { axis, inner }: Place,
  from: readonly number[],
  to: readonly number[],
  images: number,
): Place | undefined {
  if (moving.includes(node.op)) {
    if (from.slice(0, axis + 1).every((dim, i) => dim === to[i])) return { axis, inner }
    // from one image to the next in memory
    const stride = inner * sizeOf(from.slice(axis + 1))
    const at = to.findIndex((dim, i) => {
      const own = sizeOf(to.slice(i + 1))
      return stride % own === 0 && (dim * own) % (stride * images) === 0
    })
    return at < 0 ? undefined : { axis: at, inner: stride / sizeOf(to.slice(at + 1)) }
  }
  if (node.op === 'Transpose') {
    const perm = intsAttribute(
      node,
      'perm',
      from.map((_, i) => from.length - 1 - i),
    )
    return { axis: perm.indexOf(axis), inner }
  }
  // in its place from the left, or from the right where dimensions come or go before it
  const at = [axis, axis + to.length - from.length].find((i) => to[i] === from[axis])
  return at === undefined ? undefined : { axis: at, inner }
}

/** What is said of each row of a batch, of the rows of one of its images alone, in the order of its positions. */
export function rowsOfImage(rows: Float32Array, image: number, images: number, order: ImageOrder): Float32Array {
  const count = rows.length / images
  if (order >= count) return rows.slice(image * count, (image + 1) * count)
  return Float32Array.from({ length: count }, (_, position) => rows[rowOf(image, position, images, order)]!)
}

/**
 * What the rows count for, [images][rows of an image], where `positions` [images][positions] says it by image and position
 * and the rows of a batch lie in another order. @param batches images of each
 */
export function inRowOrder(
  positions: readonly Float32Array[],
  batches: readonly number[],
  order: ImageOrder,
): Float32Array[] {
  const all: Float32Array[] = []
  for (const images of batches) {
    const own = positions.slice(all.length, all.length + images)
    const count = own[0]!.length
    const rows = new Float32Array(images * count)
    for (const [image, values] of own.entries()) {
      for (const [position, value] of values.entries())
        rows[rowOf(image, position, images, Math.min(order, count))] = value
    }
    for (let i = 0; i < images; i++) all.push(rows.subarray(i * count, (i + 1) * count))
  }
  return all
}

/** Where a position of an image is among the rows of a batch. */
function rowOf(image: number, position: number, images: number, order: ImageOrder): number {
  return (Math.floor(position / order) * images + image) * order + (position % order)
}
