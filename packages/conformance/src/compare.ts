import { toNumbers, type Graph, type Tensor } from '@tacojs/graph'
import type { Tolerance } from './cases/case.js'

export interface Difference {
  /** Largest |error| over the oracle's largest |value|; plain where the oracle gives only zeros. */
  readonly maxError: number
  /** Mean square error over the oracle's mean square; plain where the oracle gives only zeros. */
  readonly nmse: number
}

/**
 * How far `actual` is from `expected`. NaN equals NaN and an infinity itself; anything else beside them is infinitely
 * far.
 */
export function difference(actual: Tensor, expected: Tensor): Difference {
  const [a, e] = [toNumbers(actual), toNumbers(expected)]
  let [most, scale, squares, power] = [0, 0, 0, 0]
  e.forEach((want, i) => {
    const got = a[i]!
    if (Number.isFinite(want)) {
      scale = Math.max(scale, Math.abs(want))
      power += want * want
    }
    if (Object.is(got, want) || got === want) return
    const error = Number.isFinite(got) && Number.isFinite(want) ? Math.abs(got - want) : Infinity
    most = Math.max(most, error)
    squares += error * error
  })
  return { maxError: most / (scale || 1), nmse: squares / (power || e.length || 1) }
}

/** Whether both are there and equal to the last bit. */
export function sameBytes(a: Tensor | undefined, b: Tensor | undefined): boolean {
  if (!a || !b || a.dtype !== b.dtype || a.shape.join() !== b.shape.join()) return false
  const [x, y] = [a, b].map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)) as [
    Uint8Array,
    Uint8Array,
  ]
  return x.length === y.length && x.every((byte, i) => byte === y[i])
}

/** Throws an Error that says which output of the graph differs from the oracle's, and by how much. */
export function assertAgree(
  graph: Graph,
  actual: Readonly<Record<string, Tensor>>,
  expected: Readonly<Record<string, Tensor>>,
  tolerance: Tolerance,
  where = '',
): void {
  for (const { name, dtype } of graph.outputs) {
    const [got, want] = [actual[name], expected[name]!]
    if (!got) throw new Error(`output '${name}' is missing${where}`)
    if (got.dtype !== dtype) throw new Error(`output '${name}' is ${got.dtype}, not ${dtype}${where}`)
    if (got.shape.join() !== want.shape.join() || got.data.length !== want.data.length) {
      throw new Error(
        `output '${name}' has the shape [${got.shape.join(', ')}], not [${want.shape.join(', ')}]${where}`,
      )
    }
    const { maxError, nmse } = difference(got, want)
    const allowed = dtype === 'float32' || dtype === 'float64' ? tolerance : { maxError: 0, nmse: 0 }
    if (!(maxError <= allowed.maxError && nmse <= allowed.nmse)) {
      throw new Error(
        `output '${name}'${where}: error ${maxError.toExponential(2)} of the maximum (allowed ${allowed.maxError}), ` +
          `nmse ${nmse.toExponential(2)} (allowed ${allowed.nmse})`,
      )
    }
  }
}
