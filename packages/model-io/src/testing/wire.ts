import { joined } from './joined.js'

/** A field of a protobuf message on the wire: a number (wire types 0, 1, 5), bytes, or a message of known kind. */
export type Field =
  | { readonly field: number; readonly wire: 0; value: bigint }
  | { readonly field: number; readonly wire: 1 | 5; value: Uint8Array }
  | { readonly field: number; readonly wire: 2; value: Uint8Array; kind?: undefined; children?: undefined }
  | { readonly field: number; readonly wire: 2; kind: Kind; children: Field[]; value?: undefined }

/** Which fields of ONNX messages are messages themselves (onnx.proto). */
const nested = {
  Model: { 7: 'Graph', 8: 'Opset', 14: 'Entry', 25: 'Function' },
  Graph: { 1: 'Node', 5: 'Tensor', 11: 'Value', 12: 'Value', 13: 'Value', 15: 'Sparse' },
  Node: { 5: 'Attribute' },
  Attribute: { 5: 'Tensor', 6: 'Graph', 10: 'Tensor', 11: 'Graph', 22: 'Sparse' },
  Function: { 7: 'Node', 9: 'Opset', 11: 'Attribute' },
  Sparse: { 1: 'Tensor', 2: 'Tensor' },
  Tensor: { 13: 'Entry' },
  Value: { 2: 'Type' },
  Type: { 1: 'TensorType' },
  TensorType: { 2: 'Shape' },
  Shape: { 1: 'Dimension' },
  Dimension: {},
  Opset: {},
  Entry: {},
} as const satisfies Record<string, Record<number, string>>
export type Kind = keyof typeof nested

/** The fields of a valid message. */
export function decodeWire(bytes: Uint8Array, kind: Kind): Field[] {
  const fields: Field[] = []
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]!
      value |= BigInt(byte & 127) << shift
      if (byte < 128) return value
    }
  }
  const take = (length: number): Uint8Array => bytes.slice(at, (at += length))
  while (at < bytes.length) {
    const key = Number(varint())
    const [field, wire] = [key >> 3, key & 7]
    if (wire === 0) fields.push({ field, wire, value: varint() })
    else if (wire === 1 || wire === 5) fields.push({ field, wire, value: take(wire === 1 ? 8 : 4) })
    else {
      const value = take(Number(varint()))
      const inner = (nested[kind] as Record<number, Kind>)[field]
      fields.push(
        inner ? { field, wire: 2, kind: inner, children: decodeWire(value, inner) } : { field, wire: 2, value },
      )
    }
  }
  return fields
}

export function encodeVarint(value: bigint): number[] {
  const out: number[] = []
  let rest = BigInt.asUintN(64, value)
  for (; rest > 127n; rest >>= 7n) out.push(Number(rest & 127n) | 128)
  out.push(Number(rest))
  return out
}

/** The bytes of fields; `lengthOf` may lie about how long a field is. */
export function encodeWire(
  fields: readonly Field[],
  lengthOf = (_field: Field, length: number) => BigInt(length),
): Uint8Array {
  const parts: Uint8Array[] = []
  for (const f of fields) {
    const key = encodeVarint((BigInt(f.field) << 3n) | BigInt(f.wire))
    if (f.wire === 0) parts.push(Uint8Array.from([...key, ...encodeVarint(f.value)]))
    else if (f.wire !== 2) parts.push(Uint8Array.from(key), f.value)
    else {
      const bytes = f.kind ? encodeWire(f.children, lengthOf) : f.value
      parts.push(Uint8Array.from([...key, ...encodeVarint(lengthOf(f, bytes.length))]), bytes)
    }
  }
  return joined(...parts)
}
