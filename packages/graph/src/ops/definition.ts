import type { Dim, Domain, Graph, Node, ValueType } from '../graph.js'
import type { Tensor } from '../tensor.js'

export type AttributeType = 'int' | 'float' | 'string' | 'ints' | 'floats' | 'strings' | 'tensor'

/** What shape inference hands to an operator. Absent optional inputs are undefined. */
export interface InferContext {
  readonly node: Node
  readonly inputs: readonly (ValueType | undefined)[]
  /** The constant value of input i, where it is known. */
  constant(i: number): Tensor | undefined
  /** The elements of input i, a small integer tensor, where they are known: some may be symbolic dimensions. */
  elements(i: number): readonly Dim[] | undefined
}

/** Everything that the graph knows of one operator. One file per operator (or family), listed in `ops/index.ts`. */
export interface OpDefinition {
  readonly op: string
  readonly domain: Domain
  /** Fewest and most inputs and outputs. */
  readonly inputs: readonly [number, number]
  readonly outputs: readonly [number, number]
  readonly attributes: Readonly<Record<string, AttributeType>>
  /** Types of the outputs. Throws TacoError SHAPE_MISMATCH when the inputs do not fit. */
  infer(context: InferContext): ValueType[]
  /** The value for constant inputs: for the small arithmetic that exporters leave, and for weights. */
  evaluate?(node: Node, inputs: readonly (Tensor | undefined)[]): Tensor[]
  /** Multiply-accumulates for batch 1 (symbolic dimensions count as 1); 0 where absent. */
  macs?(node: Node, inputs: readonly (ValueType | undefined)[], outputs: readonly ValueType[]): number
  /** For domain ai.tacojs: the same computation in ONNX operators, as nodes and new initializers. */
  expand?(
    node: Node,
    graph: Graph,
    types: ReadonlyMap<string, ValueType>,
  ): { nodes: Node[]; initializers: Map<string, Tensor> }
}
