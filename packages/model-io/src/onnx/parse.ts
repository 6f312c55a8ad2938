import { TacoError } from '@tacojs/errors'
import { inferTypes, validateGraph, type Graph, type Initializer, type Node, type Tensor } from '@tacojs/graph'
import { checkOperator } from './check.js'
import { converterOf, type ConvertContext, type Converted } from './convert/index.js'
import { flatten, type RawNode } from './flatten.js'
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
  const budget = { bytes: 4 * bytes.length + (64 << 20) }
  const names = inputs.map((v) => v.name)
  const flat = flatten(model, proto, names, budget, options.loadExternal)
  const nodes = convertNodes(flat.nodes, flat.constants, [...names, ...outputs.map((v) => v.name)])
  if (!options.allowNonFinite) for (const [name, tensor] of flat.constants) checkFinite(name, tensor)
  const initializers = new Map<string, Initializer>()
  for (const [name, tensor] of flat.constants) initializers.set(name, { tensor })
  const graph = { name: proto.name || options.name || 'model', inputs, outputs, nodes, initializers }
  validateGraph(graph)
  inferTypes(graph)
  return graph
}

function convertNodes(raw: readonly RawNode[], constants: Map<string, Tensor>, ends: readonly string[]): Node[] {
  const used = new Set([...ends, ...raw.flatMap((n) => n.inputs)])
  const taken = new Set([...used, ...constants.keys(), ...raw.flatMap((n) => n.outputs)])
  const context: ConvertContext = {
    constant: (name) => constants.get(name),
    isUsed: (name) => used.has(name),
    freshName: (wanted) => freshName(taken, wanted),
    addConstant(wanted, tensor) {
      const name = freshName(taken, wanted)
      constants.set(name, tensor)
      return name
    },
  }
  const nodes: Converted[] = []
  for (const node of raw) {
    for (const converted of converterOf(node.op)(node, context)) {
      checkOperator(converted, node)
      nodes.push(converted)
    }
  }
  const wanted = new Set(nodes.map((n) => n.name))
  const given = new Set<string>()
  return nodes.map((n, i) => {
    let name = n.name
    if (name === '' || given.has(name)) {
      name = freshName(wanted, n.name || `${n.op}_${i}`)
    }
    given.add(name)
    return { ...n, name }
  })
}

function freshName(taken: Set<string>, wanted: string): string {
  let name = wanted
  for (let i = 2; taken.has(name); i++) name = `${wanted}_${i}`
  taken.add(name)
  return name
}

function unique(values: readonly { name: string }[], kind: string): void {
  const seen = new Set<string>()
  for (const { name } of values) {
    if (seen.has(name)) throw new TacoError('INVALID_MODEL', `two ${kind} of the graph are called "${name}"`)
    seen.add(name)
  }
}

/** A single infinite number is a limit or a mask's fill value, an infinite weight is a fault. */
function checkFinite(name: string, { dtype, data }: Tensor): void {
  if (dtype !== 'float32' && dtype !== 'float64') return
  const values = data as Float32Array | Float64Array
  for (let i = 0; i < values.length; i++) {
    const v = values[i]!
    if (Number.isFinite(v) || (values.length === 1 && !Number.isNaN(v))) continue
    throw new TacoError(
      'INVALID_WEIGHTS',
      `weight "${name}" holds ${v} at element ${i}: use a model with finite weights`,
    )
  }
}
