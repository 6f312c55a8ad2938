import { TacoError } from '@tacojs/errors'
import { inferTypes, optimize, validateGraph, type Graph, type Node, type Tensor, type ValueInfo } from '@tacojs/graph'
import { checkFinite } from '../check-finite.js'
import { convertNodes } from './convert-nodes.js'
import { flatten, type Flat } from './flatten.js'
import { decodeModel } from './proto.js'
import type { LoadExternal } from './tensor-data.js'
import { readValueInfo } from './value-info.js'

export interface ParseOptions {
  /** Reads pieces of external data files; without it a model that has some is refused. */
  readonly loadExternal?: LoadExternal
  /** The graph's name where the file has none. */
  readonly name?: string
  /** Accepts weights that are NaN or infinite. */
  readonly allowNonFinite?: boolean
}

/**
 * The graph of an ONNX model (opset 7 to 23), with the semantics of the graph's opset: Constant nodes are initializers,
 * functions and constant Ifs are inlined, Dropout is Identity, fp16 and bf16 are float32. Nodes keep their names.
 * Throws INVALID_MODEL, UNSUPPORTED, INVALID_WEIGHTS or SHAPE_MISMATCH.
 */
export function parseOnnx(bytes: Uint8Array, options: ParseOptions = {}): Graph {
  const model = decodeModel(bytes)
  if (!model.graph) throw new TacoError('INVALID_MODEL', 'not an ONNX model: it has no graph')
  if (!model.opsetImport?.length) {
    throw new TacoError('INVALID_MODEL', 'the model has no opset_import, so its operators have no meaning')
  }
  const proto = model.graph
  // Up to IR version 3 initializers are listed as inputs too.
  const initialized = new Set([
    ...(proto.initializer ?? []).map((t) => t.name),
    ...(proto.sparseInitializer ?? []).map((t) => t.values?.name),
  ])
  const inputs = (proto.input ?? []).filter((v) => !initialized.has(v.name)).map((v) => readValueInfo(v, 'input'))
  const outputs = (proto.output ?? []).map((v) => readValueInfo(v, 'output'))
  unique(inputs, 'inputs')
  unique(outputs, 'outputs')
  if (outputs.length === 0) throw new TacoError('INVALID_MODEL', 'the graph has no outputs')
  const flat = flatten(model, proto, {
    inputs: inputs.map((v) => v.name),
    budget: { bytes: 4 * bytes.length + (64 << 20) },
    load: options.loadExternal,
    valueOf: (sofar, name) => constantValue(sofar, name, inputs),
  })
  const nodes = convertNodes(
    flat,
    inputs,
    outputs.map((v) => v.name),
  )
  if (!options.allowNonFinite) for (const [name, tensor] of flat.constants) checkFinite(name, tensor)
  const graph = graphOf(proto.name || options.name || 'model', inputs, outputs, nodes, flat.constants)
  validateGraph(graph)
  inferTypes(graph)
  return graph
}

/** The value behind a condition that is constant once shapes are known, as exporters write them. */
function constantValue(flat: Flat, name: string, inputs: readonly ValueInfo[]): Tensor | undefined {
  const known = flat.constants.get(name)
  if (known) return known
  const copy: Flat = { nodes: flat.nodes, constants: new Map(flat.constants) }
  const nodes = convertNodes(copy, inputs, [name])
  const outputs: ValueInfo[] = [{ name, dtype: 'bool', shape: [] }]
  const folded = optimize(graphOf('', inputs, outputs, nodes, copy.constants))
  const value = folded.nodes.find((n) => n.outputs[0] === name && n.op === 'Constant')?.attributes.value
  return typeof value === 'object' && 'dtype' in value ? value : undefined
}

const graphOf = (
  name: string,
  inputs: readonly ValueInfo[],
  outputs: readonly ValueInfo[],
  nodes: readonly Node[],
  constants: ReadonlyMap<string, Tensor>,
): Graph => ({
  name,
  inputs,
  outputs,
  nodes,
  initializers: new Map([...constants].map(([key, tensor]) => [key, { tensor }])),
})

function unique(values: readonly { name: string }[], kind: string): void {
  const seen = new Set<string>()
  for (const { name } of values) {
    if (seen.has(name)) throw new TacoError('INVALID_MODEL', `two ${kind} of the graph are called "${name}"`)
    seen.add(name)
  }
}
