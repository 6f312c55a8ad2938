import type { DType, Tensor } from './tensor.js'

/** A dimension: a size, or the name of a symbolic one (usually the batch). */
export type Dim = number | string

export interface ValueType {
  readonly dtype: DType
  readonly shape: readonly Dim[]
}

export interface ValueInfo extends ValueType {
  readonly name: string
}

/** Attribute values. Whether a number is an ONNX int or float is stated by the operator's definition. */
export type Attribute = number | string | readonly number[] | readonly string[] | Tensor

/** '' is ONNX; 'ai.tacojs' holds our fused operators, each with an expansion into ONNX operators. */
export type Domain = '' | 'ai.tacojs'

export interface Node {
  /** Unique in the graph; from the file where it has one. */
  readonly name: string
  readonly op: string
  readonly domain: Domain
  /** Value names; '' is an optional input that is absent. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: Readonly<Record<string, Attribute>>
}

/** A note on a weight that holds zeros on purpose. */
export interface Sparsity {
  readonly pattern: string
  readonly nonzeros: number
}

export interface Initializer {
  readonly tensor: Tensor
  readonly sparsity?: Sparsity
}

/**
 * A network. Immutable: passes return a new graph and share what they did not change.
 * Operators have the semantics of ONNX opset `OPSET` (importers convert older and newer forms to it).
 */
export interface Graph {
  readonly name: string
  /** Excludes initializers. */
  readonly inputs: readonly ValueInfo[]
  readonly outputs: readonly ValueInfo[]
  /** In topological order. */
  readonly nodes: readonly Node[]
  readonly initializers: ReadonlyMap<string, Initializer>
}

/** The opset whose semantics graphs have. */
export const OPSET = 18
