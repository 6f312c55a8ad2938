import { expandFused } from '@tacojs/graph'
import { exportOnnx } from '../onnx/export.js'
import { sha256 } from '../sha256.js'
import { encodeWeights } from '../weights/encode.js'
import { FORMAT, MANIFEST, VERSION, type Bundle, type JsonValue } from './bundle.js'

/** The files of a bundle by name, the manifest last. The same bundle gives the same bytes. */
export function encodeBundle({ graph, preprocess, labels, report }: Bundle): Map<string, Uint8Array> {
  const metadata = {
    'taco.labels': JSON.stringify(labels.map((label) => label.name)),
    'taco.preprocess': JSON.stringify(preprocess),
    ...provenanceOf(report),
  }
  // The weights are those of the exported form, so that they fill its skeleton name by name.
  const plain = expandFused(graph)
  const files = new Map<string, Uint8Array>([
    ['model.onnx', exportOnnx(plain, { metadata })],
    ['weights.taco', encodeWeights(plain.initializers)],
    ['preprocess.json', jsonBytes(preprocess)],
    ['labels.json', jsonBytes(labels)],
    ['report.json', jsonBytes(report)],
  ])
  const hashes = [...files].map(([name, bytes]) => [name, { bytes: bytes.length, sha256: sha256(bytes) }])
  const manifest = { format: FORMAT, version: VERSION, files: Object.fromEntries(hashes) as JsonValue }
  files.set(MANIFEST, jsonBytes(manifest))
  return files
}

/** Where a specialist comes from, as far as its report says: the model, and the recipe that made it of that. */
function provenanceOf(report: JsonValue): Readonly<Record<string, string>> {
  if (typeof report !== 'object' || report === null || Array.isArray(report)) return {}
  const { model, recipe } = report as Readonly<Record<string, JsonValue | undefined>>
  return model === undefined && recipe === undefined ? {} : { 'taco.provenance': JSON.stringify({ model, recipe }) }
}

const jsonBytes = (value: JsonValue): Uint8Array => new TextEncoder().encode(JSON.stringify(value, null, 2) + '\n')
