import { createHash } from 'node:crypto'
import type { Graph, Tensor } from '@tacojs/graph'
import type { Recipe } from '../recipe.js'

/** All that decides what pruning finds, by what a person calls it. */
export type Fingerprint = Readonly<Record<string, string>>

/** Raised whenever the same recipe no longer gives the same weights, or records are written in another form. */
const METHOD_VERSION = '8'

/** Fields of a recipe that say where something is: what is there is hashed, or decides no weights. */
const PLACES: readonly string[] = ['model', 'data', 'labels', 'dev']

/**
 * Hashes of the model (its head restricted already) and of the images as the model sees them, taken once, and then the
 * recipes that they meet, without the places of files.
 */
export function fingerprints(
  graph: Graph,
  batches: readonly Tensor[],
): (recipe: Recipe, leaveOut?: readonly string[]) => Fingerprint {
  const { nodes, inputs, outputs, initializers } = graph
  const model = createHash('sha256').update(JSON.stringify({ nodes, inputs, outputs }, withoutBigInts))
  for (const [name, { tensor }] of initializers) addTensor(model.update(name), tensor)
  const images = createHash('sha256')
  for (const batch of batches) addTensor(images, batch)
  const hashes = { version: METHOD_VERSION, model: model.digest('hex'), images: images.digest('hex') }
  return (recipe, leaveOut = []) => ({
    ...hashes,
    ...Object.fromEntries(
      Object.entries(recipe)
        .filter(([name]) => !PLACES.includes(name) && !leaveOut.includes(name))
        .map(([name, value]) => [`recipe.${name}`, JSON.stringify(value)]),
    ),
  })
}

function addTensor(hash: ReturnType<typeof createHash>, { dtype, shape, data }: Tensor): void {
  hash.update(`${dtype}[${shape.join()}]`)
  hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
}

const withoutBigInts = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value)

/** What differs between two, in words: 'recipe.sparsity (0.5 before, 0.75 now), images'. */
export function differences(before: Fingerprint, now: Fingerprint): string {
  const all = [...new Set([...Object.keys(before), ...Object.keys(now)])].filter((name) => before[name] !== now[name])
  // the sparsities of the layers mostly follow from what else differs, and are a long list
  const names = all.length > 1 ? all.filter((name) => name !== 'recipe.layers') : all
  const hashed = ['model', 'images']
  return names
    .map((name) =>
      hashed.includes(name) ? name : `${name} (${inShort(before[name])} before, ${inShort(now[name])} now)`,
    )
    .join(', ')
}

const inShort = (value = 'none'): string => (value.length > 60 ? `${value.slice(0, 60)}…` : value)
