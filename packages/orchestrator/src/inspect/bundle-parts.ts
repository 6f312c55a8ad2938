import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { weightsLayout, type Bundle } from '@tacojs/model-io'

/** What a bundle takes on disk. */
export interface BundleParts {
  readonly files: readonly { readonly name: string; readonly bytes: number }[]
  /** The compact weights: all values, all positions, and what is neither. */
  readonly weights: { readonly values: number; readonly positions: number; readonly header: number }
  /** By the name of the node that a weight belongs to: bytes in the compact weights. */
  readonly layers: ReadonlyMap<string, { readonly values: number; readonly positions: number }>
}

/** Sizes of a bundle that was read already. */
export async function bundleParts(dir: string, graph: Bundle['graph']): Promise<BundleParts> {
  const names = ['model.onnx', 'weights.taco', 'preprocess.json', 'labels.json', 'report.json', 'manifest.json']
  const files = await Promise.all(names.map(async (name) => ({ name, bytes: (await stat(join(dir, name))).size })))
  const bytes = await readFile(join(dir, 'weights.taco'))
  const stored = new Map(weightsLayout(bytes).map((weight) => [weight.name, weight]))
  let [values, positions] = [0, 0]
  for (const weight of stored.values()) {
    values += weight.valueBytes
    positions += weight.positionBytes
  }
  const layers = new Map(
    graph.nodes.flatMap(({ name, inputs }) => {
      const weight = stored.get(inputs[1] ?? '')
      return weight ? [[name, { values: weight.valueBytes, positions: weight.positionBytes }] as const] : []
    }),
  )
  return { files, weights: { values, positions, header: bytes.length - values - positions }, layers }
}
