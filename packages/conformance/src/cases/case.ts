import {
  createGraph,
  inferTypes,
  node,
  type Attribute,
  type Domain,
  type Graph,
  type Initializer,
  type Node,
  type Tensor,
  type ValueInfo,
} from '@tacojs/graph'
import { operatorName } from '../operator-name.js'
import { createRandom, type Random } from './random.js'

/** How far float outputs may be from the oracle's; integer and bool outputs must be equal. */
export interface Tolerance {
  /** Largest |error| of an output tensor, divided by the largest |value| of the oracle's. */
  readonly maxError: number
  /** Mean square error divided by the oracle's mean square. */
  readonly nmse: number
}

/**
 * By what float32 can hold: nothing is computed; an operation or two per element; a transcendental function;
 * sums of products; sums over many layers.
 */
export const tolerances = {
  exact: { maxError: 0, nmse: 0 },
  arithmetic: { maxError: 1e-6, nmse: 1e-13 },
  transcendental: { maxError: 5e-6, nmse: 1e-11 },
  accumulated: { maxError: 1e-5, nmse: 1e-11 },
  network: { maxError: 5e-5, nmse: 1e-10 },
} as const satisfies Record<string, Tolerance>

export interface OperatorCase {
  /** Unique, `Operator/what is special`. */
  readonly name: string
  /** Operators in the graph; those of our own domain as `ai.tacojs.Gelu`. */
  readonly operators: readonly string[]
  readonly tolerance: Tolerance
  /** Where the graph's batch is symbolic: the sizes to run in turn on one program. */
  readonly batches?: readonly number[]
  graph(): Graph
  /** The same values at every call; `batch` is one of `batches`, by default the first. */
  inputs(batch?: number): Record<string, Tensor>
}

/** Makes a tensor from the case's random numbers. */
export type Maker = (random: Random) => Tensor

export interface Constant {
  readonly constant: (random: Random) => Tensor | Initializer
}
/** The input is an initializer of the graph, as weights and shapes are. */
export const constant = (make: Constant['constant']): Constant => ({ constant: make })

/** The graph with its outputs' types taken from shape inference. */
export function graphOf(parts: {
  readonly inputs: readonly ValueInfo[]
  readonly nodes: readonly Node[]
  readonly outputs: readonly string[]
  readonly initializers: Readonly<Record<string, Tensor | Initializer>>
}): Graph {
  const types = inferTypes(createGraph({ ...parts, outputs: [] }))
  return createGraph({ ...parts, outputs: parts.outputs.map((name) => ({ name, ...types.get(name)! })) })
}

const typeOf = ({ dtype, shape }: Tensor): Pick<ValueInfo, 'dtype' | 'shape'> => ({ dtype, shape })

/** A case of one node. Inputs are named in0, in1 …, outputs out0, out1 …; an undefined input is left out. */
export function single(
  op: string,
  what: string,
  inputs: readonly (Maker | Constant | undefined)[],
  tolerance: Tolerance,
  options: {
    readonly attributes?: Readonly<Record<string, Attribute>>
    readonly outputs?: number
    readonly domain?: Domain
  } = {},
): OperatorCase {
  const { attributes = {}, outputs = 1, domain = '' } = options
  const name = `${op}/${what}`
  const make = (): { fed: Record<string, Tensor>; initializers: Record<string, Tensor | Initializer> } => {
    const random = createRandom(name)
    const fed: Record<string, Tensor> = {}
    const initializers: Record<string, Tensor | Initializer> = {}
    inputs.forEach((input, i) => {
      if (typeof input === 'function') fed[`in${i}`] = input(random)
      else if (input) initializers[`in${i}`] = input.constant(random)
    })
    return { fed, initializers }
  }
  const outputNames = Array.from({ length: outputs }, (_, i) => `out${i}`)
  return {
    name,
    operators: [operatorName({ op, domain })],
    tolerance,
    inputs: () => make().fed,
    graph: () => {
      const { fed, initializers } = make()
      return graphOf({
        inputs: Object.entries(fed).map(([input, t]) => ({ name: input, ...typeOf(t) })),
        nodes: [
          node(
            op,
            inputs.map((input, i) => (input ? `in${i}` : '')),
            outputNames,
            { domain, attributes },
          ),
        ],
        outputs: outputNames,
        initializers,
      })
    },
  }
}
