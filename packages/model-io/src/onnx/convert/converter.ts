import { TacoError } from '@tacojs/errors'
import type { Attribute, Dim, Domain, Tensor, ValueType } from '@tacojs/graph'
import type { RawNode } from '../flatten.js'

/** What a converter returns: a node of the graph whose name may still be empty or taken. */
export interface Converted {
  readonly name: string
  readonly op: string
  readonly domain: Domain
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: Readonly<Record<string, Attribute>>
}

export interface ConvertContext {
  constant(name: string): Tensor | undefined
  /** Makes a value a constant, in place of the node that is converted. */
  setConstant(name: string, tensor: Tensor): void
  /** The node of the file that makes a value, and those that use it. */
  producer(name: string): RawNode | undefined
  consumers(name: string): readonly RawNode[]
  isOutput(name: string): boolean
  /** Inferred from the nodes converted so far. Throws INVALID_MODEL for a value that nothing makes before. */
  typeOf(name: string): ValueType
  /** The elements of a small integer value, as far as constants and known sizes give them; symbols among them. */
  elements(name: string): readonly Dim[] | undefined
  /** The value of a constant, or of what small arithmetic makes of constants and known sizes. */
  value(name: string): Tensor | undefined
  addConstant(wanted: string, tensor: Tensor): string
  freshName(wanted: string): string
}

/** Brings one operator of opsets 1 to 23 to the form it has in the graph's opset. */
export type Converter = (node: RawNode, context: ConvertContext) => readonly Converted[]

export const same = (node: RawNode, change: Partial<Converted> = {}): Converted => ({
  name: node.name,
  op: node.op,
  domain: '',
  inputs: node.inputs,
  outputs: node.outputs,
  attributes: node.attributes,
  ...change,
})

export function without(
  attributes: Readonly<Record<string, Attribute>>,
  ...names: readonly string[]
): Record<string, Attribute> {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !names.includes(name)))
}

export const place = (node: RawNode): string =>
  node.name ? `${node.op} node "${node.name}"` : `the ${node.op} node that makes "${node.outputs[0] ?? ''}"`

export function refuse(node: RawNode, why: string): never {
  throw new TacoError('UNSUPPORTED', `${place(node)}: ${why}`)
}

/** Constants that importing makes have this many elements at most: a few bytes of file must not ask for gigabytes. */
const LARGEST = 1 << 21

/** Throws UNSUPPORTED for a constant that would be too large, or of a size that is none. */
export function fitting(node: RawNode, ...sizes: readonly number[]): void {
  const count = sizes.reduce((a, b) => a * b, 1)
  const whole = sizes.every((size) => Number.isSafeInteger(size) && size >= 0)
  if (!whole || count > LARGEST) refuse(node, `sizes [${sizes.join(', ')}] are beyond what is supported`)
}

export function numbers(node: RawNode, name: string): readonly number[] | undefined {
  const value = node.attributes[name]
  if (value === undefined) return undefined
  if (Array.isArray(value) && value.every((v) => typeof v === 'number')) return value
  throw new TacoError('INVALID_MODEL', `${place(node)}: attribute ${name} must be a list of numbers`)
}

export function number(node: RawNode, name: string, fallback: number): number {
  const value = node.attributes[name] ?? fallback
  if (typeof value === 'number') return value
  throw new TacoError('INVALID_MODEL', `${place(node)}: attribute ${name} must be a number`)
}

/** Only the first output is computed here; the others exist for training. */
export function firstOutputOnly(node: RawNode, context: ConvertContext): readonly string[] {
  for (const output of node.outputs.slice(1)) {
    if (output === '' || !(context.isOutput(output) || context.consumers(output).length > 0)) continue
    refuse(node, `its output "${output}" is used, only the first is supported`)
  }
  return node.outputs.slice(0, 1)
}
