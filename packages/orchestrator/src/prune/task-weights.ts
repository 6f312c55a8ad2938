import { checkpoint } from '@tacojs/errors'
import { seededRandom } from '@tacojs/calibration'
import { gradient, node, type Gradient, type Graph, type Tensor, type ValueInfo } from '@tacojs/graph'
import type { Backend } from '@tacojs/runtime'
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

/** What a place without any effect on the logits still counts for, beside a mean of 1. */
const LEAST = 0.05

/**
 * How much the task's logits depend on each position of each layer: w = g/mean(g) + 0.05 with the gradient norm
 * g = ‖∂(rᵀz)/∂o_t‖ at the layer's outputs o (of all layers of a group together), where z are the logits of the dense
 * model and r ~ N(0, I) less its mean, another one for each image. One backward pass for all layers; a confident image
 * has no gradient of its label, but one of the projection. An unweighted fit would spend most of its effort on positions
 * that hardly reach the head. Outputs likewise, with g_r the root of the sum of squares over all images and positions.
 *
 * @throws UNSUPPORTED where an operator on the way to the logits has no gradient
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
  const seed = freeName(graph, 'projection')
  const pass = gradient(graph, { of, seed, wrt: outputs.flat() })
  const reduced = withSquares(pass, groups)
  const nextProjections = projections(context.seed, graph.outputs[0]!.shape[1] as number)
  const squares: Float32Array[][] = groups.map(() => [])
  const sums = groups.map(({ members }) => members.map(({ layer }) => new Float64Array(layer.rows)))
  const program = await context.backend.compile(reduced, { threads: context.threads })
  try {
    let done = 0
    for (const images of parts(graph, batches)) {
      await checkpoint(context.signal)
      const count = images.shape[0]!
      const projection: Tensor = nextProjections(count)
      const norms = await program.run({ [graph.inputs[0]!.name]: images, [seed]: projection })
      for (const [g, own] of outputs.entries()) {
        const all = sumOf(own.map((output) => norms[squareOf(pass.gradients.get(output)!)]!.data as Float32Array))
        const positions = all.length / count
        for (let i = 0; i < count; i++) squares[g]!.push(all.slice(i * positions, (i + 1) * positions))
        for (const [m, output] of own.entries()) {
          const sum = sums[g]![m]!
          const ofImages = norms[outputsOf(pass.gradients.get(output)!)]!.data as Float32Array
          for (let i = 0; i < ofImages.length; i++) sum[i % sum.length]! += ofImages[i]!
        }
      }
      context.onImages?.((done += count))
    }
  } finally {
    program.dispose()
  }
  return {
    positions: squares.map(weightsOf),
    outputs: sums.map((ofGroup) => ofGroup.flatMap((sum) => weightsOf([Float32Array.from(sum)]))),
  }
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
    nodes.push(node('ReduceSumSquare', [gradient, `${name}/axes`], [name], { attributes: { keepdims: 0 } }))
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

const sumOf = (parts: readonly Float32Array[]): Float32Array =>
  parts.reduce((sum, part) => sum.map((value, i) => value + part[i]!))

/** The weights of one group, from the squared norms; all alike where nothing has an effect. */
function weightsOf(squares: readonly Float32Array[]): Float32Array[] {
  const norms = squares.map((image) => image.map(Math.sqrt))
  const count = norms.reduce((sum, image) => sum + image.length, 0)
  const mean = norms.reduce((sum, image) => sum + image.reduce((a, b) => a + b, 0), 0) / count
  return norms.map((image) => image.map((g) => (mean > 0 ? g / mean : 1) + LEAST))
}
