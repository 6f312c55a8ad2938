import { TacoError } from '@tacojs/errors'
import type { Graph, Initializer } from '@tacojs/graph'
import { parseOnnx } from '../onnx/parse.js'
import { sha256 } from '../sha256.js'
import { decodeWeights } from '../weights/decode.js'
import { bundleFiles, FORMAT, MANIFEST, VERSION, type Bundle, type BundleLabel, type JsonValue } from './bundle.js'

/**
 * A bundle from the bytes of its files, each checked against the manifest. The graph is that of `model.onnx` (in ONNX
 * operators, before any pass) with the notes on sparsity of `weights.taco`.
 * Throws NOT_FOUND for a missing file, INVALID_DATA or INVALID_MODEL for a damaged one.
 */
export function decodeBundle(files: ReadonlyMap<string, Uint8Array>): Bundle {
  checkManifest(files)
  const labels = jsonOf(files, 'labels.json')
  if (!isLabels(labels)) throw damaged('labels.json is not a list of classes in the order of the logits')
  const preprocess = jsonOf(files, 'preprocess.json')
  if (typeof preprocess !== 'object' || preprocess === null || Array.isArray(preprocess)) {
    throw damaged('preprocess.json is not an object')
  }
  const graph = parseOnnx(fileOf(files, 'model.onnx'), { allowNonFinite: true })
  return {
    graph: withNotes(graph, decodeWeights(fileOf(files, 'weights.taco'))),
    preprocess,
    labels,
    report: jsonOf(files, 'report.json'),
  }
}

/** The graph with the notes on sparsity that `weights` has for initializers of the same name. */
function withNotes(graph: Graph, weights: ReadonlyMap<string, Initializer>): Graph {
  const initializers = new Map<string, Initializer>()
  for (const [name, { tensor }] of graph.initializers) {
    const sparsity = weights.get(name)?.sparsity
    initializers.set(name, sparsity ? { tensor, sparsity } : { tensor })
  }
  return { ...graph, initializers }
}

/**
 * A graph whose initializers are those of a decoded `weights.taco`: the compact file and any copy of the graph, its own
 * weights notwithstanding, give the model. Throws SHAPE_MISMATCH where names, shapes or data types differ.
 */
export function withWeights(skeleton: Graph, weights: ReadonlyMap<string, Initializer>): Graph {
  const initializers = new Map<string, Initializer>()
  for (const [name, { tensor }] of skeleton.initializers) {
    const found = weights.get(name)
    if (found?.tensor.dtype !== tensor.dtype || found.tensor.shape.join() !== tensor.shape.join()) {
      throw new TacoError(
        'SHAPE_MISMATCH',
        `the weights do not belong to this graph: "${name}" is ${tensor.dtype} [${tensor.shape.join(', ')}], ` +
          (found ? `they have ${found.tensor.dtype} [${found.tensor.shape.join(', ')}]` : 'they have no such tensor'),
      )
    }
    initializers.set(name, found)
  }
  return { ...skeleton, initializers }
}

function checkManifest(files: ReadonlyMap<string, Uint8Array>): void {
  const manifest = jsonOf(files, MANIFEST) as Record<string, unknown> | null
  if (manifest?.format !== FORMAT) throw damaged('its manifest is not one of a bundle')
  if (manifest.version !== VERSION) {
    throw new TacoError(
      'UNSUPPORTED',
      `the bundle has version ${String(manifest.version)}, this reader knows ${VERSION}`,
    )
  }
  const stated = (manifest.files ?? {}) as Record<string, { bytes?: unknown; sha256?: unknown } | undefined>
  for (const name of bundleFiles) {
    const bytes = fileOf(files, name)
    if (stated[name]?.bytes !== bytes.length || stated[name].sha256 !== sha256(bytes)) {
      throw damaged(`${name} is not what the manifest says: it was changed or cut off`)
    }
  }
}

function fileOf(files: ReadonlyMap<string, Uint8Array>, name: string): Uint8Array {
  const bytes = files.get(name)
  if (bytes) return bytes
  throw new TacoError('NOT_FOUND', `the bundle has no ${name}`)
}

function jsonOf(files: ReadonlyMap<string, Uint8Array>, name: string): JsonValue {
  try {
    return JSON.parse(new TextDecoder().decode(fileOf(files, name))) as JsonValue
  } catch (cause) {
    if (cause instanceof TacoError) throw cause
    throw new TacoError('INVALID_DATA', `the bundle is damaged: ${name} is not JSON`, { cause })
  }
}

const damaged = (why: string): TacoError => new TacoError('INVALID_DATA', `the bundle is damaged: ${why}`)

const isLabels = (value: JsonValue): value is readonly BundleLabel[] =>
  Array.isArray(value) &&
  value.every((label: JsonValue, i) => {
    const fields =
      typeof label === 'object' && label !== null && !Array.isArray(label) ? (label as BundleLabel) : undefined
    return fields?.index === i && typeof fields.name === 'string'
  })
