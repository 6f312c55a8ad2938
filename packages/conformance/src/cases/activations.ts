import { activations } from './activation-forms.js'
import type { OperatorCase } from './case.js'
import { network, type Builder, type NetworkOptions } from './network.js'

interface Layer {
  readonly input: readonly number[]
  readonly write: (b: Builder) => string
  readonly options?: NetworkOptions
}

const conv = ({ add, weight }: Builder): string =>
  add('Conv', ['x', weight(8, 5, 3, 3), weight(8)], { pads: [1, 1, 1, 1] })
const linear = ({ add, weight }: Builder): string => add('Linear', ['x', weight(17, 40), weight(17)], {}, 'ai.tacojs')

/** Layers that an activation may be fused into. */
const layers: Readonly<Record<string, Layer>> = {
  Conv: { input: [1, 5, 7, 7], write: conv },
  'sparse Conv': { input: [2, 5, 5, 7], write: conv, options: { sparsity: ['unstructured', 0.8] } },
  'depthwise Conv': {
    input: [1, 5, 5, 7],
    write: ({ add, weight }) => add('Conv', ['x', weight(5, 1, 3, 3), weight(5)], { group: 5, pads: [1, 1, 1, 1] }),
  },
  Linear: { input: [2, 7, 40], write: linear },
  'sparse Linear': { input: [41, 40], write: linear, options: { sparsity: ['unstructured', 0.9] } },
  'sparse Linear 4x1': { input: [28, 40], write: linear, options: { sparsity: ['4x1', 0.8] } },
  'MatMul and Add': {
    input: [2, 7, 40],
    write: ({ add, weight }) => add('Add', [add('MatMul', ['x', weight(40, 17)]), weight(17)]),
  },
}

export const activationCases: readonly OperatorCase[] = Object.entries(layers).flatMap(
  ([layer, { input, write, options }]) =>
    Object.entries(activations).map(([activation, apply]) =>
      network(
        `fused/${layer}, ${activation}`,
        { x: input },
        (b) => apply(b, write(b)),
        // wide enough that every branch of the activation is reached
        { range: 12, ...options },
      ),
    ),
)
