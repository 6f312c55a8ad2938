import { expandFused, OPSET, type Graph } from '@tacojs/graph'
import type { KeptWeight } from '../../weights/precision.js'
import type { ModelProto } from '../proto.js'
import { nodeProto, valueInfoProto } from './proto-parts.js'
import { writeWeights, type OnnxWeights } from './weights.js'

const IR_VERSION = 8

export interface ExportOptions {
  /** Written as metadata_props, sorted by key. */
  readonly metadata?: Readonly<Record<string, string>>
  /** How weights are written; dense unless given. */
  readonly weights?: OnnxWeights
}

/** The message of an ONNX model of the graph's opset, and the weights that could not have the wanted form. */
export function modelProto(
  graph: Graph,
  { metadata = {}, weights = 'dense' }: ExportOptions,
): { readonly model: ModelProto; readonly kept: readonly KeptWeight[] } {
  const plain = expandFused(graph)
  const { initializer, sparseInitializer, node, kept } = writeWeights(plain, weights)
  const props = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1))
  const model: ModelProto = {
    irVersion: IR_VERSION,
    producerName: 'taco',
    opsetImport: [{ domain: '', version: OPSET }],
    graph: {
      name: plain.name,
      node: [...node, ...plain.nodes.map(nodeProto)],
      initializer: [...initializer],
      sparseInitializer: [...sparseInitializer],
      input: plain.inputs.map(valueInfoProto),
      output: plain.outputs.map(valueInfoProto),
    },
    metadataProps: props.map(([key, value]) => ({ key, value })),
  }
  return { model, kept }
}
