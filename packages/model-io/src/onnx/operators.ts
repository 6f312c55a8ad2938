import { toNumber, decodeModel, type GraphProto, type Int64, type NodeProto } from './proto.js'

/** What an ONNX file says that it consists of, whether or not it can be imported. */
export interface OnnxOperators {
  /** Version of ONNX's own operators; undefined where the file states none. */
  readonly opset: number | undefined
  /** Names of operators, with the domain before those that are not ONNX's own; bodies and functions included. */
  readonly operators: ReadonlySet<string>
}

/** Throws INVALID_MODEL for bytes that are no ONNX model. */
export function onnxOperators(bytes: Uint8Array): OnnxOperators {
  const { graph, functions, opsetImport } = decodeModel(bytes)
  const operators = new Set<string>()
  const visit = (nodes: readonly NodeProto[] | null | undefined): void => {
    for (const { domain, opType, attribute } of nodes ?? []) {
      operators.add(domain && domain !== 'ai.onnx' ? `${domain}.${opType ?? ''}` : (opType ?? ''))
      for (const { g, graphs } of (attribute ?? []) as { g?: GraphProto | null; graphs?: GraphProto[] | null }[]) {
        for (const body of [...(g ? [g] : []), ...(graphs ?? [])]) visit(body.node)
      }
    }
  }
  visit(graph?.node)
  for (const f of functions ?? []) visit(f.node)
  const own = opsetImport?.find(({ domain }) => !domain || domain === 'ai.onnx')?.version
  return { opset: own === undefined || own === null ? undefined : toNumber(own as Int64), operators }
}
