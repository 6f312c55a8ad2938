import { TacoError } from '@tacojs/errors'
import { opDefinition, type Attribute, type AttributeType, type Node, type Tensor, type ValueInfo } from '@tacojs/graph'
import { bytesOf } from '../../stored-type.js'
import { attributeCode } from '../attributes.js'
import { dataTypeOf } from '../data-types.js'
import type { AttributeProto, NodeProto, TensorProto, ValueInfoProto } from '../proto.js'

/** Whether a number is a float or an int is in the operator's definition. Throws UNSUPPORTED for operators of our own. */
export function nodeProto(node: Node): NodeProto {
  if (node.domain !== '') throw new TacoError('UNSUPPORTED', `${node.op} node "${node.name}" has no form in ONNX`)
  const kinds = opDefinition(node.op, node.domain)?.attributes ?? {}
  return {
    input: [...node.inputs],
    output: [...node.outputs],
    name: node.name,
    opType: node.op,
    attribute: Object.entries(node.attributes).map(([name, value]) => attributeProto(name, value, kinds[name])),
  }
}

export const intAttribute = (name: string, i: number): AttributeProto => ({ name, type: attributeCode('int'), i })

function attributeProto(name: string, value: Attribute, kind?: AttributeType): AttributeProto {
  const utf8 = (text: string) => new TextEncoder().encode(text)
  if (typeof value === 'number') {
    return kind === 'float' ? { name, type: attributeCode('float'), f: value } : intAttribute(name, value)
  }
  if (typeof value === 'string') return { name, type: attributeCode('string'), s: utf8(value) }
  if ('dtype' in value) return { name, type: attributeCode('tensor'), t: tensorProto(value) }
  if (isStrings(value)) return { name, type: attributeCode('strings'), strings: value.map(utf8) }
  return kind === 'floats'
    ? { name, type: attributeCode('floats'), floats: [...value] }
    : { name, type: attributeCode('ints'), ints: [...value] }
}

const isStrings = (value: readonly number[] | readonly string[]): value is readonly string[] =>
  typeof value[0] === 'string'

export const tensorProto = (tensor: Tensor, name?: string): TensorProto => ({
  ...(name === undefined ? {} : { name }),
  dims: [...tensor.shape],
  dataType: dataTypeOf(tensor.dtype),
  rawData: bytesOf(tensor),
})

export const valueInfoProto = ({ name, dtype, shape }: ValueInfo): ValueInfoProto => ({
  name,
  type: {
    tensorType: {
      elemType: dataTypeOf(dtype),
      shape: { dim: shape.map((dim) => (typeof dim === 'number' ? { dimValue: dim } : { dimParam: dim })) },
    },
  },
})
