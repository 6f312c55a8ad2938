import type { Graph } from '@tacojs/graph'
import { encodeModel } from './export/encode.js'
import { modelProto, type ExportOptions } from './export/model.js'

export type { ExportOptions } from './export/model.js'
export type { OnnxWeights } from './export/weights.js'

/**
 * The bytes of an ONNX model of the graph's opset: fused operators are written out in ONNX's own, names and symbolic
 * dimensions are kept. The same graph gives the same bytes.
 * Throws UNSUPPORTED above 2 GiB: `writeOnnx` writes such models.
 */
export const exportOnnx = (graph: Graph, options: ExportOptions = {}): Uint8Array =>
  encodeModel(modelProto(graph, options).model)
