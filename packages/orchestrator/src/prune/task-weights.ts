import { checkpoint, TacoError } from '@tacojs/errors'
import { seededRandom } from '@tacojs/calibration'
import { gradient, inferTypes, node, type Gradient, type Graph, type Tensor, type ValueInfo } from '@tacojs/graph'
import type { Backend } from '@tacojs/runtime'
import { imageOrders, rowsOfImage, type ImageOrder } from './image-order.js'
import type { LayerGroup } from './plan.js'

/** How much the task depends on each place of each layer, beside a mean of 1. */
export interface TaskWeights {
  /** What each position of each image counts for: [group][image][position]. */
  readonly positions: readonly (readonly Float32Array[])[]
  /** What each output of each layer counts for: [group][member][row]. */
  readonly outputs: readonly (readonly Float32Array[])[]
}

/** Images per backward pass: all activations of these are held at once. */
const IMAGES = 4
/** Inputs whose own gradient is taken; of more, some evenly spread ones, and the others have the mean of these. */
const MEASURED = 160

/** What a place without any effect on the logits still counts for, beside a mean of 1. */
const LEAST = 0.05

/**
 * How much the task's logits depend on each position of each layer: w = g/mean(g) + 0.05 with the gradient norm
 * g = ‖∂(rᵀz)/∂o_t‖ at the layer's outputs o (of all layers of a group together), where z are the logits of the dense
 * model and r ~ N(0, I) less its mean, another one for each image. One backward pass for all layers; a confident image
 * has no gradient of its label, but one of the projection. An unweighted fit would spend most of its effort on positions
 * that hardly reach the head. Outputs likewise, with g_r the root of the sum of squares over all images and positions.
 * Of many images some are measured (where each is seen twice, the images and not their crops), and the others' positions
 * count for what theirs do on average.
 *
 * @throws UNSUPPORTED where an operator on the way to the logits has no gradient, or a layer is on no such way, or where
 *   images are mixed in what it reads, or gradients not finite; OUT_OF_MEMORY
 */
export async function taskWeights(
  graph: Graph,
  groups: readonly LayerGroup[],
  batches: readonly Tensor[],
  context: {
    readonly backend: Backend
    readonly seed: number
    readonly threads?: number
    readonly signal?: AbortSignal
    readonly onImages?: (done: number) => void
  },
): Promise<TaskWeights> {
  const of = logitsOf(graph)
  const outputs = groups.map(({ members }) => members.map(({ node }) => node.outputs[0]!))
  checkReached(graph, of, groups)
  const orders = ordersOf(graph, groups)
  const seed = freeName(graph, 'projection')
  const pass = gradient(graph, { of, seed, wrt: outputs.flat() })
  const reduced = withSquares(pass, groups)
  const nextProjections = projections(context.seed, graph.outputs[0]!.shape[1] as number)
  const all = batches.reduce((sum, { shape }) => sum + shape[0]!, 0)
  const squares = groups.map((): (Float32Array | undefined)[] => Array(all).fill(undefined))
  const sums = groups.map(({ members }) => members.map(({ layer }) => new Float64Array(layer.rows)))
  const program = await context.backend.compile(reduced, { threads: context.threads, ownMemory: true })
  try {
    const chosen = measured(graph, batches)
    const total = chosen.reduce((sum, { at }) => sum + at.length, 0)
    let done = 0
    for (const { images, at } of chosen) {
      await checkpoint(context.signal)
      const count = at.length
      const projection: Tensor = nextProjections(count)
      const norms = await program.run({ [graph.inputs[0]!.name]: images(), [seed]: projection })
      for (const [g, own] of outputs.entries()) {
        const sum = sumOf(own.map((output) => norms[squareOf(pass.gradients.get(output)!)]!.data as Float32Array))
        for (const [i, image] of at.entries()) squares[g]![image] = rowsOfImage(sum, i, count, orders[g]!)
        for (const [m, output] of own.entries()) {
          const ofLayer = sums[g]![m]!
          const ofImages = norms[outputsOf(pass.gradients.get(output)!)]!.data as Float32Array
          for (let i = 0; i < ofImages.length; i++) ofLayer[i % ofLayer.length]! += ofImages[i]!
        }
      }
      done += count
      context.onImages?.(Math.round((all * done) / total))
    }
  } finally {
    program.dispose()
  }
  return {
    positions: squares.map(filledWeights),
    outputs: sums.map((ofGroup) => ofGroup.flatMap((sum) => weightsOf([Float32Array.from(sum)]))),
  }
}

/** The logits: the first output, or what a final softmax is taken of. */
function logitsOf(graph: Graph): string {
  const { name } = graph.outputs[0]!
  const last = graph.nodes.find((node) => node.outputs.includes(name))
  return last && ['Softmax', 'LogSoftmax'].includes(last.op) ? last.inputs[0]! : name
}

/** Throws UNSUPPORTED where a layer makes only other outputs, or something that has no gradient stands between. */
function checkReached(graph: Graph, of: string, groups: readonly LayerGroup[]): void {
  const types = inferTypes(graph)
  const [needed, smooth] = [new Set([of]), new Set([of])]
  for (const { inputs, outputs } of [...graph.nodes].reverse()) {
    if (outputs.some((name) => needed.has(name))) for (const name of inputs) needed.add(name)
    if (!outputs.some((name) => smooth.has(name))) continue
    for (const name of inputs) if (/^float/.test(types.get(name)?.dtype ?? '')) smooth.add(name)
  }
  for (const { layer, node } of groups.flatMap(({ members }) => members)) {
    const output = node.outputs[0]!
    if (smooth.has(output)) continue
    const how = needed.has(output) ? 'depend only through whole numbers or conditions' : 'do not depend'
    throw new TacoError('UNSUPPORTED', `the logits ${how} on the layer '${layer.name}'; keep it dense (--keep)`)
  }
}

/** Of each group's rows. Throws UNSUPPORTED where it cannot be told which image they are of. */
function ordersOf(graph: Graph, groups: readonly LayerGroup[]): ImageOrder[] {
  const orderOf = imageOrders(graph)
  return groups.map(({ input, members }) => {
    const order = orderOf(input)
    const { name, kind } = members[0]!.layer
    if (order === Infinity || (order !== undefined && kind === 'Linear')) return order
    throw new TacoError(
      'UNSUPPORTED',
      `the images of a batch are mixed in what the layer '${name}' reads; keep it dense (--keep)`,
    )
  })
}

function freeName(graph: Graph, wanted: string): string {
  const taken = new Set([
    ...graph.inputs.map((i) => i.name),
    ...graph.initializers.keys(),
    ...graph.nodes.flatMap((n) => n.outputs),
  ])
  let name = wanted
  for (let i = 2; taken.has(name); i++) name = `${wanted}.${i}`
  return name
}

const squareOf = (gradient: string): string => `${gradient}/square`
const outputsOf = (gradient: string): string => `${gradient}/outputs`

/**
 * The graph with sums of squares in the place of the gradients, which are far larger: over the layer's outputs at each
 * position, and over the positions of each image for every output.
 */
function withSquares({ graph, gradients }: Gradient, groups: readonly LayerGroup[]): Graph {
  const initializers = new Map(graph.initializers)
  const nodes = [...graph.nodes]
  const shapes = new Map(graph.outputs.map(({ name, shape }) => [name, shape]))
  const sum = (gradient: string, name: string, over: readonly number[]): ValueInfo => {
    const data = BigInt64Array.from(over, BigInt)
    initializers.set(`${name}/axes`, { tensor: { dtype: 'int64', shape: [data.length], data } })
    // no axes would be all of them
    if (over.length === 0) nodes.push(node('Mul', [gradient, gradient], [name]))
    else nodes.push(node('ReduceSumSquare', [gradient, `${name}/axes`], [name], { attributes: { keepdims: 0 } }))
    return { name, dtype: 'float32', shape: shapes.get(gradient)!.filter((_, i) => !over.includes(i)) }
  }
  const outputs = groups.flatMap(({ members }) =>
    members.flatMap(({ layer, node: { outputs } }): ValueInfo[] => {
      const gradient = gradients.get(outputs[0]!)!
      const rank = shapes.get(gradient)!.length
      // channels come last in a Linear layer, behind the images in a convolution
      const channels = layer.kind === 'Linear' ? rank - 1 : 1
      const positions = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => axis > 0 && axis !== channels)
      return [sum(gradient, squareOf(gradient), [channels]), sum(gradient, outputsOf(gradient), positions)]
    }),
  )
  return { ...graph, nodes, initializers, outputs }
}

/** Images of one pass, and which of all they are. */
interface Part {
  readonly at: readonly number[]
  images(): Tensor
}

/** Evenly spread images, in parts that one pass takes; whole batches where the model has a fixed batch size. */
function measured(graph: Graph, batches: readonly Tensor[]): Part[] {
  const firsts: number[] = []
  let all = 0
  for (const { shape } of batches) {
    firsts.push(all)
    all += shape[0]!
  }
  const every = Math.max(1, Math.ceil(all / MEASURED))
  if (typeof graph.inputs[0]!.shape[0] === 'number') {
    return batches
      .map((batch, b) => ({
        at: Array.from({ length: batch.shape[0]! }, (_, i) => firsts[b]! + i),
        images: () => batch,
      }))
      .filter((_, b) => b % every === 0)
  }
  const chosen = batches.flatMap((batch, b) =>
    Array.from({ length: batch.shape[0]! }, (_, index) => ({ batch, index, image: firsts[b]! + index })).filter(
      ({ image }) => image % every === 0,
    ),
  )
  return Array.from({ length: Math.ceil(chosen.length / IMAGES) }, (_, part) => {
    const some = chosen.slice(part * IMAGES, (part + 1) * IMAGES)
    return { at: some.map(({ image }) => image), images: () => stacked(some) }
  })
}

function stacked(images: readonly { readonly batch: Tensor; readonly index: number }[]): Tensor {
  const shape = images[0]!.batch.shape.slice(1)
  const size = shape.reduce((a, b) => a * b, 1)
  const data = new Float32Array(images.length * size)
  for (const [i, { batch, index }] of images.entries()) {
    data.set((batch.data as Float32Array).subarray(index * size, (index + 1) * size), i * size)
  }
  return { dtype: 'float32', shape: [images.length, ...shape], data }
}

/** Standard normal numbers, by Box and Muller (1958). */
function normalNumbers(seed: number): () => number {
  const random = seededRandom(seed, 'position weights')
  const uniform = (): number => (random(2 ** 32) + 0.5) / 2 ** 32
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform())
}

/** Gives r ~ N(0, I) less its mean for so many images more, [images, classes]. */
export function projections(seed: number, classes: number): (images: number) => Tensor {
  const normal = normalNumbers(seed)
  return (images) => {
    const data = new Float32Array(images * classes)
    for (let image = 0; image < images; image++) {
      const values = Float64Array.from({ length: classes }, normal)
      const mean = values.reduce((a, b) => a + b, 0) / classes
      const centred = values.map((value) => value - mean)
      data.set(centred, image * classes)
    }
    return { dtype: 'float32', shape: [images, classes], data }
  }
}

const sumOf = (parts: readonly Float32Array[]): Float32Array =>
  parts.reduce((sum, part) => sum.map((value, i) => value + part[i]!))

/**
 * The weights of one group, from the squared norms; all alike where nothing has an effect. Throws UNSUPPORTED where they
 * are more than single precision holds.
 */
function weightsOf(squares: readonly Float32Array[]): Float32Array[] {
  const norms = squares.map((image) => image.map(Math.sqrt))
  const count = norms.reduce((sum, image) => sum + image.length, 0)
  const mean = norms.reduce((sum, image) => sum + image.reduce((a, b) => a + b, 0), 0) / count
  if (!Number.isFinite(mean)) throw new TacoError('UNSUPPORTED', 'the gradients of the logits are not finite')
  return norms.map((image) => image.map((g) => (mean > 0 ? g / mean : 1) + LEAST))
}

/** `weightsOf` those that were measured; the others get the mean of these at each position. */
function filledWeights(squares: readonly (Float32Array | undefined)[]): Float32Array[] {
  const known = weightsOf(squares.filter((image) => image !== undefined))
  const mean = sumOf(known).map((sum) => sum / known.length)
  let next = 0
  return squares.map((image) => (image ? known[next++]! : mean))
}
