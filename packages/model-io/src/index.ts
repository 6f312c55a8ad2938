export { exportOnnx, type ExportOptions, type OnnxWeights } from './onnx/export.js'
export { writeOnnx, type WriteOnnxOptions, type WrittenOnnx } from './onnx/export/write.js'
export { onnxMetadata } from './onnx/metadata.js'
export { parseTimmConfig, readTimmConfig, type TimmConfig } from './timm/config.js'
export { importTimm, timmGraph } from './timm/import.js'
export { timmWeightFiles } from './timm/weights.js'
export { downloadModel, type HubOptions, type HubProgress } from './hub/model.js'
export { isHubReference } from './hub/reference.js'
export { readStateDict } from './pickle/state-dict.js'
export { importOnnx } from './onnx/import.js'
export { parseOnnx, type ParseOptions } from './onnx/parse.js'
export { decodeOnnxTensor, type StoredTensor } from './onnx/tensor-file.js'
export { onnxOperators, type OnnxOperators } from './onnx/operators.js'
export type { LoadExternal } from './onnx/tensor-data.js'
export { decodeSafetensors, type Safetensors } from './safetensors/decode.js'
export { encodeSafetensors } from './safetensors/encode.js'
export { readSafetensors, writeSafetensors } from './safetensors/file.js'
export { writeFileAtomic } from './files/write.js'
export type { KeptWeight, Precision } from './weights/precision.js'
export { weightsLayout, type StoredWeight } from './weights/layout.js'
export { roundWeights } from './weights/round.js'
export { checkBundleTarget, readBundle, writeBundle } from './bundle/folder.js'
export {
  decodeBundle,
  decodeWeights,
  encodeBundle,
  encodeWeights,
  withWeights,
  type Bundle,
  type BundleLabel,
  type JsonValue,
} from './bundle.js'
