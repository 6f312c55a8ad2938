import { decodeModel } from './proto.js'

/** The metadata_props of an ONNX model. Throws INVALID_MODEL for other bytes. */
export const onnxMetadata = (bytes: Uint8Array): ReadonlyMap<string, string> =>
  new Map((decodeModel(bytes).metadataProps ?? []).map(({ key, value }) => [key ?? '', value ?? '']))
