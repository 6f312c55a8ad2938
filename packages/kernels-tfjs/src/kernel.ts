import type { DType, Graph, Node } from '@tacojs/graph'
import { asNhwc, asRow, type Tf, type TfTensor, type Value } from './value.js'

/** What a kernel gets: its node, the values that flow in, and the few ways to look at them. */
export interface Call {
  readonly tf: Tf
  readonly node: Node
  /** Absent optional inputs are undefined. */
  readonly inputs: readonly (Value | undefined)[]
  /** A form of input i (e.g. its transpose) that is made once where the input is an initializer, else every time. */
  form(i: number, form: string, make: (value: Value) => TfTensor): TfTensor
  /** An activation that was merged into this node. */
  readonly activation?: 'relu'
}

export interface Kernel {
  /** Inputs that are read as numbers (axes, shapes, bounds): they are fetched to the host before the call. */
  readonly host?: readonly number[]
  /**
   * Whether the device computes this node for inputs of these types; otherwise the host does. Default: input 0 is
   * float32.
   */
  readonly device?: (dtypes: readonly (DType | undefined)[], node: Node) => boolean
  /** Why this node cannot run, or undefined. */
  readonly unsupported?: (node: Node, graph: Graph) => string | undefined
  /** Computes the outputs, inside `tf.tidy`. */
  run(call: Call): Value | Value[]
}

export const runsOnDevice = (kernel: Kernel, node: Node, dtypes: readonly (DType | undefined)[]): boolean =>
  kernel.device ? kernel.device(dtypes, node) : dtypes[0] === 'float32'

export type KernelTable = Readonly<Record<string, Kernel>>

/** The row-major device tensor of input i. */
export const row = (call: Call, i: number): TfTensor => call.form(i, 'row', (v) => asRow(call.tf, v))
/** The device tensor of input i as N, H, W, C. */
export const nhwc = (call: Call, i: number): TfTensor => call.form(i, 'nhwc', (v) => asNhwc(call.tf, v))

/** Input i, which the kernel lists in `host`, as numbers; undefined where it is absent. */
export function numbers(call: Call, i: number): number[] | undefined {
  const host = call.inputs[i]?.host
  return host && Array.from(host.data as ArrayLike<number | bigint>, Number)
}

/** An axis that may count from the end. */
export const axisOf = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis)

/** Booleans, and what is made of integers or attributes alone: the operator's definition computes it on the host. */
export const onHost: Kernel = {
  device: () => false,
  run: () => {
    throw new Error('an operator of the host was called on the device')
  },
}
