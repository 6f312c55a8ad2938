import { TacoError } from '@tacojs/errors'
import { opDefinition, type Attribute, type AttributeType } from '@tacojs/graph'
import { place, type Converted } from './convert/converter.js'
import type { RawNode } from './flatten.js'

/**
 * Throws UNSUPPORTED for an operator or attribute that graphs do not know (an attribute that is overlooked would change
 * the result silently), INVALID_MODEL for an attribute of the wrong kind. `source` is the node of the file.
 */
export function checkOperator(node: Converted, source: RawNode): void {
  const definition = opDefinition(node.op, node.domain)
  if (!definition) throw new TacoError('UNSUPPORTED', `${place(source)}: operator ${source.op} is not supported`)
  for (const [name, value] of Object.entries(node.attributes)) {
    const kind = Object.hasOwn(definition.attributes, name) ? definition.attributes[name] : undefined
    if (!kind) throw new TacoError('UNSUPPORTED', `${place(source)}: attribute ${name} is not supported`)
    if (!isOfKind(value, kind))
      throw new TacoError('INVALID_MODEL', `${place(source)}: attribute ${name} must be ${kind}`)
  }
}

function isOfKind(value: Attribute, kind: AttributeType): boolean {
  switch (kind) {
    case 'int':
      return Number.isInteger(value)
    case 'float':
      return typeof value === 'number'
    case 'string':
      return typeof value === 'string'
    case 'ints':
      return Array.isArray(value) && value.every(Number.isInteger)
    case 'floats':
      return Array.isArray(value) && value.every((v) => typeof v === 'number')
    case 'strings':
      return Array.isArray(value) && value.every((v) => typeof v === 'string')
    case 'tensor':
      return typeof value === 'object' && 'dtype' in value
  }
}
