import { sizeWith } from './dims.js'
import type { Dim, Graph, Node } from './graph.js'
import { inferTypes } from './infer.js'
import { intsAttribute } from './ops/attributes.js'
import type { Tensor } from './tensor.js'

/** What happens to a layer's output on its way to the sum; each step keeps the elements apart and can be undone. */
export type ResidualStep =
  /** A factor, constant, of a shape that broadcasts to the value's. */
  | { readonly kind: 'scale'; readonly by: Tensor }
  | { readonly kind: 'transpose'; readonly perm: readonly number[] }
  | { readonly kind: 'reshape'; readonly shape: readonly Dim[] }

/** A layer whose output is added to another value, as the last layer of a residual branch is to the stream. */
export interface ResidualWrite {
  /** Names of the layer's node and of the Add. */
  readonly layer: string
  readonly add: string
  /** The value that the output is added to; it is made before the layer runs. */
  readonly skip: string
  /** The shape of that, and of the sum. */
  readonly shape: readonly Dim[]
  /** In order, from the layer's output to the Add; symbols of their shapes but one are in that of the sum. */
  readonly steps: readonly ResidualStep[]
  /** Whether all that reads the sum is an activation, so that no stream passes it unchanged (ResNets). */
  readonly rectified: boolean
}

const activations = new Set(
  'Relu Clip LeakyRelu PRelu Sigmoid HardSigmoid HardSwish Tanh Elu Selu Gelu Mish Softplus Softsign'.split(' '),
)

/**
 * The layers of a graph (Linear, Conv) that write to a residual stream, by the name of their node: found by structure.
 * A sum with a constant is none, nor one whose other value is made later than the layer, or broadcast.
 */
export function residualWrites(graph: Graph): Map<string, ResidualWrite> {
  const types = inferTypes(graph)
  const made = new Map<string, number>(graph.inputs.map(({ name }) => [name, -1]))
  const users = new Map<string, Node[]>()
  graph.nodes.forEach((node, i) => {
    for (const name of node.outputs) made.set(name, i)
    for (const name of node.inputs) users.set(name, [...(users.get(name) ?? []), node])
  })
  const shown = new Set(graph.outputs.map(({ name }) => name))
  const shapeOf = (value: string): string => String(types.get(value)?.shape)

  const writes = new Map<string, ResidualWrite>()
  for (const [position, layer] of graph.nodes.entries()) {
    if (layer.op !== 'Linear' && layer.op !== 'Conv') continue
    const steps: ResidualStep[] = []
    let value = layer.outputs[0]!
    for (;;) {
      const [user, another] = users.get(value) ?? []
      if (!user || another || shown.has(value)) break
      if (user.op === 'Add') {
        const skip = user.inputs[user.inputs[0] === value ? 1 : 0]!
        if ((made.get(skip) ?? Infinity) < position && shapeOf(skip) === shapeOf(value)) {
          const shape = types.get(skip)!.shape
          const rectified = isRectified(user.outputs[0]!, users, shown)
          if (steps.every((step) => isSized(step, shape)))
            writes.set(layer.name, { layer: layer.name, add: user.name, skip, shape, steps, rectified })
        }
        break
      }
      const step = stepOf(user, value, graph, types.get(user.outputs[0]!)!.shape)
      if (!step || (step.kind === 'scale' && shapeOf(value) !== shapeOf(user.outputs[0]!))) break
      if (step.kind !== 'nothing') steps.push(step)
      value = user.outputs[0]!
    }
  }
  return writes
}

/** Whether a value is read by activations only, SiLU as x·sigmoid(x) among them. */
function isRectified(value: string, users: ReadonlyMap<string, readonly Node[]>, shown: ReadonlySet<string>): boolean {
  const readers = users.get(value) ?? []
  const activated = new Set(readers.flatMap(({ op, outputs }) => (activations.has(op) ? outputs : [])))
  const isActivation = ({ op, inputs, outputs }: Node): boolean => {
    if (op === 'Identity') return isRectified(outputs[0]!, users, shown)
    return activations.has(op) || (op === 'Mul' && inputs.some((name) => activated.has(name)))
  }
  return !shown.has(value) && readers.length > 0 && readers.every(isActivation)
}

/** Whether a step's shape is known, up to one size, where that of the sum is. */
function isSized(step: ResidualStep, sum: readonly Dim[]): boolean {
  if (step.kind !== 'reshape') return true
  const known = new Set(sum.flatMap(symbolsOf))
  return step.shape.flatMap(symbolsOf).filter((symbol) => !known.has(symbol)).length <= 1
}

const symbolsOf = (dim: Dim): string[] => {
  const symbols: string[] = []
  sizeWith(dim, (symbol) => symbols.push(symbol))
  return symbols
}

function stepOf(
  node: Node,
  value: string,
  graph: Graph,
  shape: readonly Dim[],
): ResidualStep | { readonly kind: 'nothing' } | undefined {
  if (node.op === 'Identity') return { kind: 'nothing' }
  if (node.op === 'Transpose') {
    const reversed = shape.map((_, i) => shape.length - 1 - i)
    return { kind: 'transpose', perm: intsAttribute(node, 'perm', reversed) }
  }
  if (['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze'].includes(node.op)) return { kind: 'reshape', shape }
  if (node.op !== 'Mul' && node.op !== 'LayerScale') return undefined
  const by = graph.initializers.get(node.inputs[node.inputs[0] === value ? 1 : 0]!)?.tensor
  return by?.dtype === 'float32' ? { kind: 'scale', by } : undefined
}
