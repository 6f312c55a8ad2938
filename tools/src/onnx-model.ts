import { bytesPerElement, type Attribute, type DType, type Tensor } from '@tacojs/graph'

/**
 * What a small ONNX model is made of; nodes are [operator, inputs, outputs, attributes], the
 * operator with its domain before it where that is not ONNX's own.
 */
export interface OnnxParts {
  readonly opset: number
  readonly inputs: Readonly<Record<string, readonly (number | string)[]>>
  /** Rank of each output; its sizes are left open. */
  readonly outputs: Readonly<Record<string, number>>
  readonly nodes: readonly (readonly [
    op: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes?: Readonly<Record<string, Attribute>>,
  ])[]
  readonly constants?: Readonly<Record<string, Tensor>>
  /** Attributes that are floats although their value is whole. */
  readonly floats?: readonly string[]
}

const codes: Partial<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float64: 11,
}

type Bytes = readonly number[]

function varint(value: number): number[] {
  let rest = BigInt.asUintN(64, BigInt(value))
  const out: number[] = []
  for (; rest > 127n; rest >>= 7n) out.push(Number(rest & 127n) | 128)
  return [...out, Number(rest)]
}

/** Fields of a protobuf message: an integer, a 32-bit float, or something with a length. */
const int = (field: number, value: number): number[] => [...varint(field << 3), ...varint(value)]
const float = (field: number, value: number): number[] => [
  ...varint((field << 3) | 5),
  ...new Uint8Array(Float32Array.of(value).buffer),
]
const part = (field: number, bytes: Bytes | Uint8Array): number[] => [
  ...varint((field << 3) | 2),
  ...varint(bytes.length),
  ...bytes,
]
const text = (field: number, value: string): number[] => part(field, new TextEncoder().encode(value))

function tensor(name: string, { dtype, shape, data }: Tensor): number[] {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.length * bytesPerElement(dtype))
  return [...shape.flatMap((d) => int(1, d)), ...int(2, codes[dtype]!), ...text(8, name), ...part(9, bytes)]
}

function attribute(name: string, value: Attribute, floats: readonly string[]): number[] {
  const head = text(1, name)
  if (typeof value === 'string') return [...head, ...text(4, value), ...int(20, 3)]
  if (typeof value === 'number') {
    const whole = Number.isInteger(value) && !floats.includes(name)
    return [...head, ...(whole ? [...int(3, value), ...int(20, 2)] : [...float(2, value), ...int(20, 1)])]
  }
  if ('dtype' in value) return [...head, ...part(5, tensor('', value)), ...int(20, 4)]
  const list = value as readonly number[]
  if (floats.includes(name)) return [...head, ...list.flatMap((v) => float(7, v)), ...int(20, 6)]
  return [...head, ...list.flatMap((v) => int(8, v)), ...int(20, 7)]
}

function valueInfo(name: string, shape: readonly (number | string)[]): number[] {
  const dims = shape.flatMap((d) => part(1, typeof d === 'number' ? int(1, d) : text(2, d)))
  return [...text(1, name), ...part(2, part(1, [...int(1, 1), ...part(2, dims)]))]
}

/** The bytes of a model of float32 inputs and outputs, in the format of onnx.proto. */
export function onnxModel({ opset, inputs, outputs, nodes, constants = {}, floats = [] }: OnnxParts): Uint8Array {
  const graph = [
    ...nodes.flatMap(([op, from, to, attributes = {}]) =>
      part(1, [
        ...from.flatMap((name) => text(1, name)),
        ...to.flatMap((name) => text(2, name)),
        ...text(4, op.slice(op.lastIndexOf('.') + 1)),
        ...(op.includes('.') ? text(7, op.slice(0, op.lastIndexOf('.'))) : []),
        ...Object.entries(attributes).flatMap(([name, value]) => part(5, attribute(name, value, floats))),
      ]),
    ),
    ...text(2, 'graph'),
    ...Object.entries(constants).flatMap(([name, t]) => part(5, tensor(name, t))),
    ...Object.entries(inputs).flatMap(([name, shape]) => part(11, valueInfo(name, shape))),
    ...Object.entries(outputs).flatMap(([name, rank]) =>
      part(
        12,
        valueInfo(
          name,
          Array.from({ length: rank }, (_, i) => `${name}_${i}`),
        ),
      ),
    ),
  ]
  const domains = new Set(nodes.map(([op]) => op.slice(0, Math.max(0, op.lastIndexOf('.')))).filter((d) => d !== ''))
  const imports = [...domains].flatMap((domain) => part(8, [...text(1, domain), ...int(2, 1)]))
  return Uint8Array.from([...int(1, 8), ...part(7, graph), ...part(8, int(2, opset)), ...imports])
}
