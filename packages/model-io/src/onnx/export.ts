import { TacoError } from '@tacojs/errors'
import {
  expandFused,
  OPSET,
  opDefinition,
  type Attribute,
  type AttributeType,
  type Graph,
  type Node,
  type Tensor,
  type ValueInfo,
} from '@tacojs/graph'
import { bytesOf } from '../stored-type.js'
import { attributeCode } from './attributes.js'
import { dataTypeOf } from './data-types.js'
import {
  onnx,
  type AttributeProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from './proto.js'

const IR_VERSION = 8
/** A protobuf message cannot be larger. */
const MAX_BYTES = 2 ** 31 - 1

export interface ExportOptions {
  /** Written as metadata_props, sorted by key. */
  readonly metadata?: Readonly<Record<string, string>>
}

/**
 * The bytes of an ONNX model of the graph's opset: fused operators are written out in ONNX's own, names and symbolic
 * dimensions are kept, sparse weights are dense with zeros. The same graph gives the same bytes.
 * Throws UNSUPPORTED above 2 GiB.
 */
export function exportOnnx(graph: Graph, options: ExportOptions = {}): Uint8Array {
  const plain = expandFused(graph)
  let bytes = 0
  for (const { tensor } of plain.initializers.values()) bytes += tensor.data.byteLength
  if (bytes > MAX_BYTES)
    throw new TacoError('UNSUPPORTED', `an ONNX file holds at most 2 GiB, the weights have ${bytes} bytes`)
  const metadata = Object.entries(options.metadata ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
  const model: ModelProto = {
    irVersion: IR_VERSION,
    producerName: 'taco',
    opsetImport: [{ domain: '', version: OPSET }],
    graph: {
      name: plain.name,
      node: plain.nodes.map(nodeProto),
      initializer: [...plain.initializers].map(([name, { tensor }]) => tensorProto(tensor, name)),
      input: plain.inputs.map(valueInfoProto),
      output: plain.outputs.map(valueInfoProto),
    },
    metadataProps: metadata.map(([key, value]) => ({ key, value })),
  }
  const { buffer, byteOffset, byteLength } = onnx.ModelProto.encode(model).finish()
  // In Node it is a Buffer, whose slice() does not copy: not what a Uint8Array promises.
  return new Uint8Array(buffer, byteOffset, byteLength)
}

function nodeProto(node: Node): NodeProto {
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

/** Whether a number is a float or an int is in the operator's definition. */
function attributeProto(name: string, value: Attribute, kind?: AttributeType): AttributeProto {
  const utf8 = (text: string) => new TextEncoder().encode(text)
  if (typeof value === 'number') {
    return kind === 'float'
      ? { name, type: attributeCode('float'), f: value }
      : { name, type: attributeCode('int'), i: value }
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

const tensorProto = (tensor: Tensor, name?: string): TensorProto => ({
  ...(name === undefined ? {} : { name }),
  dims: [...tensor.shape],
  dataType: dataTypeOf(tensor.dtype),
  rawData: bytesOf(tensor),
})

const valueInfoProto = ({ name, dtype, shape }: ValueInfo): ValueInfoProto => ({
  name,
  type: {
    tensorType: {
      elemType: dataTypeOf(dtype),
      shape: { dim: shape.map((dim) => (typeof dim === 'number' ? { dimValue: dim } : { dimParam: dim })) },
    },
  },
})
