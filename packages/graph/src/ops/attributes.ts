import { TacoError } from '@tacojs/errors'
import type { Node } from '../graph.js'
import type { Tensor } from '../tensor.js'

const wrong = (node: Node, name: string, expected: string): never => {
  throw new TacoError('INVALID_MODEL', `attribute '${name}' of node '${node.name}' (${node.op}) must be ${expected}`)
}

/** A number attribute; `fallback` where it is absent. Throws INVALID_MODEL when it is of another kind or missing. */
export function numberAttribute(node: Node, name: string, fallback?: number): number {
  const value = node.attributes[name] ?? fallback
  return typeof value === 'number' ? value : wrong(node, name, 'a number')
}

export function stringAttribute(node: Node, name: string, fallback?: string): string {
  const value = node.attributes[name] ?? fallback
  return typeof value === 'string' ? value : wrong(node, name, 'a string')
}

export function intsAttribute(node: Node, name: string, fallback?: readonly number[]): readonly number[] {
  const value = node.attributes[name] ?? fallback
  if (!Array.isArray(value) || value.some((v) => typeof v !== 'number')) return wrong(node, name, 'a list of numbers')
  return value as readonly number[]
}

export function tensorAttribute(node: Node, name: string): Tensor | undefined {
  const value = node.attributes[name]
  if (value === undefined) return undefined
  return typeof value === 'object' && 'dtype' in value ? value : wrong(node, name, 'a tensor')
}
