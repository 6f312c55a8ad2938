export { importOnnx } from './onnx/import.js'
export { parseOnnx, type ParseOptions } from './onnx/parse.js'
export type { LoadExternal } from './onnx/tensor-data.js'
