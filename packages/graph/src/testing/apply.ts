import { createGraph, node } from '../build.js'
import type { Attribute, Dim, Domain, Graph } from '../graph.js'
import { inferTypes } from '../infer.js'
import { opDefinition } from '../ops/index.js'
import { toNumbers, type DType, type Tensor } from '../tensor.js'

/** An input of the node under test: a shape (a float32 graph input), a constant, or absent. */
export type Operand = readonly Dim[] | Tensor | undefined

export interface ApplyOptions {
  readonly attributes?: Readonly<Record<string, Attribute>>
  readonly domain?: Domain
  readonly outputs?: number
  readonly dtype?: DType
}

const isShape = (operand: Operand): operand is readonly Dim[] => Array.isArray(operand)

/** A graph of one node. Its inputs are named x0, x1 …, its outputs y0, y1 … */
export function graphOfOne(op: string, operands: readonly Operand[], options: ApplyOptions = {}): Graph {
  const { attributes = {}, domain = '', outputs = 1, dtype = 'float32' } = options
  const names = operands.map((operand, i) => (operand === undefined ? '' : `x${i}`))
  const results = Array.from({ length: outputs }, (_, i) => `y${i}`)
  return createGraph({
    inputs: operands.flatMap((shape, i) => (isShape(shape) ? [{ name: `x${i}`, dtype, shape }] : [])),
    outputs: [],
    nodes: [node(op, names, results, { name: 'n', attributes, domain })],
    initializers: new Map(
      operands.flatMap((t, i): [string, Tensor][] => (t === undefined || isShape(t) ? [] : [[`x${i}`, t]])),
    ),
  })
}

/** The first output's shape, as inference gives it. */
export const shapeOf = (op: string, operands: readonly Operand[], options?: ApplyOptions): readonly Dim[] =>
  inferTypes(graphOfOne(op, operands, options)).get('y0')!.shape

/** The shapes of all outputs. */
export function shapesOf(op: string, operands: readonly Operand[], options: ApplyOptions): (readonly Dim[])[] {
  const types = inferTypes(graphOfOne(op, operands, options))
  return Array.from({ length: options.outputs ?? 1 }, (_, i) => types.get(`y${i}`)!.shape)
}

/** The outputs for constant inputs, as `evaluate` gives them; their shapes and types are those that inference says. */
export function valuesOf(op: string, operands: readonly (Tensor | undefined)[], options: ApplyOptions = {}): Tensor[] {
  const graph = graphOfOne(op, operands, options)
  const types = inferTypes(graph)
  const values = opDefinition(op)!.evaluate!(graph.nodes[0]!, operands)
  values.forEach(({ shape, dtype }, i) => expect({ shape, dtype }).toEqual(types.get(`y${i}`)))
  return values
}

/** The first output as plain numbers. */
export const numbersOf = (op: string, operands: readonly (Tensor | undefined)[], options?: ApplyOptions): number[] =>
  toNumbers(valuesOf(op, operands, options)[0]!)

/** The code and message of what a call throws. */
export function failure(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    return `${code}: ${message}`
  }
  return 'nothing was thrown'
}
