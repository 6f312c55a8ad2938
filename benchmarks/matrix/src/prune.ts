import { float32, prunableLayers, withInitializers, type Graph, type Initializer } from '@tacojs/graph'
import { patternName, type Sparsity } from './sparsity.js'

/**
 * The graph with every prunable layer (`prunableLayers`: those of the residual blocks and between them; stem, patch
 * embedding and head stay) pruned by magnitude to the same share, each with the note that it is sparse.
 */
export function pruneByMagnitude(graph: Graph, sparsity: Sparsity): Graph {
  if (sparsity.share === 0) return graph
  const changes = new Map<string, Initializer>()
  for (const { weight, rows, cols } of prunableLayers(graph)) {
    const { shape, data } = graph.initializers.get(weight)!.tensor
    const pruned = pruneMatrix(data as Float32Array, rows, cols, sparsity)
    const nonzeros = pruned.reduce((count, v) => count + (v === 0 ? 0 : 1), 0)
    const note = { pattern: patternName(sparsity), nonzeros }
    changes.set(weight, { tensor: float32(shape, pruned), sparsity: note })
  }
  return withInitializers(graph, changes)
}

/**
 * A row-major [rows, cols] matrix without the blocks of the smallest sums of magnitudes: ⌊share · blocks⌋ of them are 0.
 * The last block of a column is smaller where the rows do not divide.
 */
export function pruneMatrix(weights: Float32Array, rows: number, cols: number, sparsity: Sparsity): Float32Array {
  const bands = Math.ceil(rows / sparsity.rows)
  const scores = new Float32Array(bands * cols)
  for (let row = 0; row < rows; row++) {
    const band = Math.floor(row / sparsity.rows)
    for (let col = 0; col < cols; col++) scores[band * cols + col]! += Math.abs(weights[row * cols + col]!)
  }
  const removed = smallest(scores, Math.floor(sparsity.share * scores.length + 1e-9))
  const pruned = Float32Array.from(weights)
  for (let row = 0; row < rows; row++) {
    const band = Math.floor(row / sparsity.rows)
    for (let col = 0; col < cols; col++) if (removed[band * cols + col]) pruned[row * cols + col] = 0
  }
  return pruned
}

/**
 * Marks the `count` smallest of non-negative scores; of equal ones the first. Their bits are in the order of their
 * values, so the last one to mark is found by counting the upper halves, then the lower ones (a radix selection).
 */
function smallest(scores: Float32Array<ArrayBuffer>, count: number): Uint8Array {
  const marks = new Uint8Array(scores.length)
  if (count === 0) return marks
  const bits = new Uint32Array(scores.buffer)
  const upper = place(bits, count, (v) => v >>> 16)
  const lower = place(bits, upper.rest, (v) => (v >>> 16 === upper.bucket ? v & 0xffff : undefined))
  const last = upper.bucket * 65536 + lower.bucket
  let equal = lower.rest
  bits.forEach((v, i) => {
    if (v < last || (v === last && equal-- > 0)) marks[i] = 1
  })
  return marks
}

/** The bucket in which the `count`-th smallest value lies, and which of that bucket's values it is, counted from 1. */
function place(
  bits: Uint32Array,
  count: number,
  bucketOf: (value: number) => number | undefined,
): { bucket: number; rest: number } {
  const sizes = new Uint32Array(65536)
  for (const value of bits) {
    const bucket = bucketOf(value)
    if (bucket !== undefined) sizes[bucket]!++
  }
  let [bucket, rest] = [0, count]
  while (rest > sizes[bucket]!) rest -= sizes[bucket++]!
  return { bucket, rest }
}
