import { checkpoint } from '@tacojs/errors'
import { seededRandom } from '@tacojs/calibration'
import { gradient, type Graph, type PrunableLayer, type Tensor } from '@tacojs/graph'
import type { Backend } from '@tacojs/runtime'
import type { LayerGroup } from './plan.js'

/** Per group, what each position of each image counts for: [group][image][position]. */
export type PositionWeights = readonly (readonly Float32Array[])[]

/** Images per backward pass: all activations of these are held at once. */
const IMAGES = 4

/** What a position without any effect on the logits still counts for, beside a mean of 1. */
const LEAST = 0.05

/**
 * How much the task's logits depend on each position of each layer: w = g/mean(g) + 0.05 with the gradient norm
 * g = ‖∂(rᵀz)/∂o_t‖ at the layer's outputs o (of all layers of a group together), where z are the logits of the dense
 * model and r ~ N(0, I) less its mean, another one for each image. One backward pass for all layers; a confident image
 * has no gradient of its label, but one of the projection. An unweighted fit would spend most of its effort on positions
 * that hardly reach the head.
 *
 * @throws UNSUPPORTED where an operator on the way to the logits has no gradient
 */
export async function positionWeights(
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
): Promise<PositionWeights> {
  const of = logitsOf(graph)
  const outputs = groups.map(({ members }) => members.map(({ node }) => node.outputs[0]!))
  const seed = freeName(graph, 'projection')
  const pass = gradient(graph, { of, seed, wrt: outputs.flat() })
  const nextProjections = projections(context.seed, graph.outputs[0]!.shape[1] as number)
  const squares: Float32Array[][] = groups.map(() => [])
  const program = await context.backend.compile(pass.graph, { threads: context.threads })
  try {
    let done = 0
    for (const images of parts(graph, batches)) {
      await checkpoint(context.signal)
      const count = images.shape[0]!
      const projection: Tensor = nextProjections(count)
      const gradients = await program.run({ [graph.inputs[0]!.name]: images, [seed]: projection })
      for (const [g, { members }] of groups.entries()) {
        const own = members.map(({ layer }, m) =>
          squaredNorms(gradients[pass.gradients.get(outputs[g]![m]!)!]!, layer, count),
        )
        for (let i = 0; i < count; i++) squares[g]!.push(sumOf(own.map((images) => images[i]!)))
      }
      context.onImages?.((done += count))
    }
  } finally {
    program.dispose()
  }
  return squares.map(weightsOf)
}

/** The logits: the first output, or what a final softmax is taken of. */
function logitsOf(graph: Graph): string {
  const { name } = graph.outputs[0]!
  const last = graph.nodes.find((node) => node.outputs.includes(name))
  return last && ['Softmax', 'LogSoftmax'].includes(last.op) ? last.inputs[0]! : name
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

/** The images in parts that one pass takes; a model of a fixed batch size takes its batches as they are. */
function* parts(graph: Graph, batches: readonly Tensor[]): Generator<Tensor> {
  for (const batch of batches) {
    const [count, ...shape] = batch.shape as [number, ...number[]]
    const step = typeof graph.inputs[0]!.shape[0] === 'number' ? count : IMAGES
    const size = shape.reduce((a, b) => a * b, 1)
    for (let from = 0; from < count; from += step) {
      const n = Math.min(step, count - from)
      const data = (batch.data as Float32Array).slice(from * size, (from + n) * size)
      yield { dtype: 'float32', shape: [n, ...shape], data }
    }
  }
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

/** ‖·‖² over the layer's outputs at each position, [image][position]. */
function squaredNorms(of: Tensor, layer: PrunableLayer, images: number): Float32Array[] {
  const values = of.data as Float32Array
  const { rows } = layer
  const positions = values.length / rows / images
  // channels come last in a Linear layer, before the positions in a convolution
  const [alongRow, alongPosition] = layer.kind === 'Linear' ? [1, rows] : [positions, 1]
  return Array.from({ length: images }, (_, image) => {
    const norms = new Float32Array(positions)
    for (let p = 0; p < positions; p++) {
      let sum = 0
      let at = image * rows * positions + p * alongPosition
      for (let row = 0; row < rows; row++, at += alongRow) sum += values[at]! * values[at]!
      norms[p] = sum
    }
    return norms
  })
}

const sumOf = (parts: readonly Float32Array[]): Float32Array =>
  parts.reduce((sum, part) => sum.map((value, i) => value + part[i]!))

/** The weights of one group, from the squared norms; all alike where nothing has an effect. */
function weightsOf(squares: readonly Float32Array[]): Float32Array[] {
  const norms = squares.map((image) => image.map(Math.sqrt))
  const count = norms.reduce((sum, image) => sum + image.length, 0)
  const mean = norms.reduce((sum, image) => sum + image.reduce((a, b) => a + b, 0), 0) / count
  return norms.map((image) => image.map((g) => (mean > 0 ? g / mean : 1) + LEAST))
}
