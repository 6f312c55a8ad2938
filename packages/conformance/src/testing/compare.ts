import { type Graph, inferTypes, sizeOf, type Tensor, float32, toNumbers } from '@tacojs/graph'
import { runOracle } from '../oracle/index.js'

/** Numbers in (−1, 1), the same on every machine (mulberry32). */
export function random(shape: readonly number[], seed = 1): Tensor {
  let state = seed
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1
  }
  return float32(shape, Array.from({ length: sizeOf(shape) }, next))
}

/** Float inputs for a graph, its symbolic dimensions set to `batch`. */
export const randomInputs = (graph: Graph, batch = 2): Record<string, Tensor> =>
  Object.fromEntries(
    graph.inputs.map(({ name, shape }, i) => [
      name,
      random(
        shape.map((d) => (typeof d === 'number' ? d : batch)),
        17 + i,
      ),
    ]),
  )

/** Largest difference of two graphs' outputs, relative to the largest output; NaN counts as infinite. */
export function difference(before: Graph, after: Graph, inputs: Record<string, Tensor> = randomInputs(before)): number {
  inferTypes(after)
  const [expected, got] = [runOracle(before, inputs), runOracle(after, inputs)]
  let worst = 0
  for (const [name, tensor] of Object.entries(expected)) {
    const [a, b] = [toNumbers(tensor), toNumbers(got[name]!)]
    if (got[name]!.shape.join() !== tensor.shape.join()) return Infinity
    const scale = a.reduce((m, v) => Math.max(m, Math.abs(v)), 1e-30)
    for (let i = 0; i < a.length; i++) {
      const d = Math.abs(a[i]! - b[i]!) / scale
      worst = Math.max(worst, Number.isNaN(d) ? Infinity : d)
    }
  }
  return worst
}
