import { TacoError } from '@tacojs/errors'
import { onnx, type ModelProto } from '../proto.js'

/** A protobuf message cannot be larger. */
export const MAX_BYTES = 2 ** 31 - 1

/** Bytes of the tensors that lie in the model itself. */
export function weightBytes({ graph }: ModelProto): number {
  const sparse = (graph?.sparseInitializer ?? []).flatMap(({ values, indices }) => [values, indices])
  return [...(graph?.initializer ?? []), ...sparse].reduce((sum, t) => sum + (t?.rawData?.length ?? 0), 0)
}

/** Throws UNSUPPORTED above 2 GiB. */
export function encodeModel(model: ModelProto): Uint8Array {
  const bytes = weightBytes(model)
  if (bytes > MAX_BYTES) {
    throw new TacoError(
      'UNSUPPORTED',
      `an ONNX file holds at most 2 GiB, the weights have ${bytes} bytes: write them to a file beside it (external data)`,
    )
  }
  const { buffer, byteOffset, byteLength } = onnx.ModelProto.encode(model).finish()
  // In Node it is a Buffer, whose slice() does not copy: not what a Uint8Array promises.
  return new Uint8Array(buffer, byteOffset, byteLength)
}
