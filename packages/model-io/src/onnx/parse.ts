import { TacoError } from '@tacojs/errors'
import { inferTypes, validateGraph, type Graph, type Node, type Tensor, type ValueInfo } from '@tacojs/graph'
import { checkFinite } from '../check-finite.js'
import { convertNodes, probe } from './convert-nodes.js'
import { flatten } from './flatten.js'
import { decodeModel } from './proto.js'
import type { LoadExternal } from './tensor-data.js'
import { readValueInfo } from './value-info.js'

export interface ParseOptions {
  /** Reads pieces of external data files; without it a model that has some is refused. */
  readonly loadExternal?: LoadExternal
  /** The graph's name where the file has none. */
  readonly name?: string
  /** Values of inputs that are not to vary: these inputs become constants. */
  readonly constants?: ReadonlyMap<string, Tensor>
  /** Accepts weights that are NaN or infinite. */
  readonly allowNonFinite?: boolean
}

/**
 * The graph of an ONNX model (opset 1 to 23), with the semantics of the graph's opset: Constant nodes are initializers,
 * functions and constant Ifs are inlined, Dropout is Identity, fp16 and bf16 are float32. Nodes keep their names.
 * Throws INVALID_MODEL, UNSUPPORTED, INVALID_WEIGHTS or SHAPE_MISMATCH; INVALID_ARGUMENT for a constant that is no input.
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
  const constants = options.constants ?? new Map<string, Tensor>()
  const inputs = (proto.input ?? [])
    .filter((v) => !initialized.has(v.name) && !constants.has(v.name ?? ''))
    .map((v) => readValueInfo(v, 'input'))
  const outputs = (proto.output ?? []).map((v) => readValueInfo(v, 'output'))
  for (const name of constants.keys()) {
    if (proto.input?.some((v) => v.name === name)) continue
    throw new TacoError('INVALID_ARGUMENT', `the model has no input "${name}" that could be constant`)
  }
  unique(inputs, 'inputs')
  unique(outputs, 'outputs')
  if (outputs.length === 0) throw new TacoError('INVALID_MODEL', 'the graph has no outputs')
  const budget = { bytes: 4 * bytes.length + (64 << 20) }
  const flat = flatten(model, proto, {
    inputs: inputs.map((v) => v.name),
    constants,
    budget,
    load: options.loadExternal,
    probe: (sofar, name) => probe(sofar, inputs, name, budget),
  })
  // what the file holds; importing may add masks of -Infinity
  if (!options.allowNonFinite) for (const [name, tensor] of flat.constants) checkFinite(name, tensor)
  const nodes = convertNodes(
    flat,
    inputs,
    outputs.map((v) => v.name),
    budget,
  )
  const graph = graphOf(proto.name || options.name || 'model', inputs, outputs, nodes, flat.constants)
  validateGraph(graph)
  inferTypes(graph)
  return graph
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
