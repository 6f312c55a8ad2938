import { TacoError } from '@tacojs/errors'
import { onnx } from '../generated/onnx.js'

export { onnx }
export type ModelProto = onnx.ModelProto.$Properties
export type GraphProto = onnx.GraphProto.$Properties
export type NodeProto = onnx.NodeProto.$Properties
export type TensorProto = onnx.TensorProto.$Properties
export type SparseTensorProto = onnx.SparseTensorProto.$Properties
export type AttributeProto = onnx.AttributeProto.$Properties
export type ValueInfoProto = onnx.ValueInfoProto.$Properties
export type FunctionProto = onnx.FunctionProto.$Properties
export type OperatorSetIdProto = onnx.OperatorSetIdProto.$Properties

/** 64-bit integers arrive as numbers or as objects of two halves. */
export type Int64 = number | { readonly low: number; readonly high: number; readonly unsigned: boolean }

export function toBigInt(value: Int64): bigint {
  if (typeof value === 'number') return BigInt(value)
  const bits = (BigInt(value.high >>> 0) << 32n) | BigInt(value.low >>> 0)
  return value.unsigned ? bits : BigInt.asIntN(64, bits)
}

/** Loses precision beyond 2^53. */
export const toNumber = (value: Int64): number =>
  typeof value === 'number' ? value : (value.unsigned ? value.high >>> 0 : value.high) * 2 ** 32 + (value.low >>> 0)

/** Throws INVALID_MODEL when the bytes are not a message of the format (a nesting limit included). */
export function decodeModel(bytes: Uint8Array): ModelProto {
  try {
    return onnx.ModelProto.decode(bytes)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new TacoError('INVALID_MODEL', `not an ONNX file, or a damaged one (${why}): get the file again`, { cause })
  }
}
