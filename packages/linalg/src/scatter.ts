import { checkLength, checkSizes } from './check.js'
import { hostMatrix, type HostMatrix } from './host.js'
import type { Kernels } from './kernels.js'
import type { Matrix } from './matrix.js'
import { download, reserve } from './transfer.js'
import type { Scatter, ScatterOptions, ScatterSums } from './types.js'

/** Positions that are gathered before their products are formed; a multiple of the kernel's slices. */
const CHUNK = 2048
const f32 = Float32Array.BYTES_PER_ELEMENT
const f64 = Float64Array.BYTES_PER_ELEMENT
const line = 64

type Positions = Parameters<Scatter['add']>[0]

/** The sums in memory, and the positions that wait for their turn there. */
export interface Sums {
  add(positions: Positions): void
  finish(): ScatterSums
  free(): void
}

/**
 * Reserves what the sums need: x and y are the two parts of one vector v of n values, of whose matrix Σvvᵀ the first m rows
 * are formed. Throws INVALID_ARGUMENT, and OUT_OF_MEMORY with nothing reserved.
 */
export function sumsOf(k: { readonly f32: Kernels; readonly f64: Kernels }, options: ScatterOptions): Sums {
  const [nx, ny] = options.sizes
  checkSizes('scatter', { 'size of x': nx, 'size of y': ny })
  const { xShift = new Float32Array(nx), yShift = new Float32Array(ny), yy = false } = options
  checkLength('scatter', 'xShift', xShift, nx)
  checkLength('scatter', 'yShift', yShift, ny)
  const { memory } = k.f32
  const n = nx + ny
  const m = yy ? n : nx
  // rows an odd number of cache lines apart, as in `reserve`
  const ld = ((Math.ceil((n * f64) / line) | 1) * line) / f64
  const lengths = [CHUNK * nx * f32, CHUNK * ny * f32, CHUNK * f32, n * f32, 2 * n * f64, m * ld * f64]
  const aligned = lengths.map((length) => Math.ceil(length / line) * line)
  const base = memory.keep(aligned.reduce((sum, length) => sum + length, 0))
  const pointers = aligned.map((_, i) => aligned.slice(0, i).reduce((sum, length) => sum + length, base))
  const [x, y, w, shift, vectors, c] = pointers as [number, number, number, number, number, number]
  memory.float32(shift, nx).set(xShift)
  memory.float32(shift + nx * f32, ny).set(yShift)
  memory.float64(vectors, 2 * n).fill(0)
  memory.float64(c, m * ld).fill(0)
  let filled = 0
  let weighted = false

  const flush = (): void => {
    if (filled === 0) return
    const part = (pointer: number, cols: number): Matrix => ({ pointer, rows: filled, cols, rs: cols, cs: 1 })
    k.f32.run('scatter', {
      ...{ m, n, k: filled, a: part(x, nx), b: part(y, ny) },
      // strides are in elements of f32, C's too
      c: { pointer: c, rows: m, cols: n, rs: 2 * ld, cs: 2 },
      ...{ d: weighted ? w : 0, e: shift, f: vectors },
      work: filled * m * (n - m / 2),
    })
    filled = 0
    weighted = false
  }

  /** The block of the matrix from row r0 and column c0 on, or its transpose. */
  const read = (r0: number, c0: number, rows: number, cols: number, trans = false): Float64Array => {
    const block: Matrix = { pointer: c + (r0 * ld + c0) * f64, rows, cols, rs: ld, cs: 1 }
    const values = new Float64Array(rows * cols)
    const into: HostMatrix = trans ? hostMatrix('yx', values, cols, rows) : hostMatrix('xx', values, rows, cols)
    const turned = trans ? reserve(k.f64, cols, rows) : block
    if (trans) k.f64.transpose(block, turned)
    download(k.f64, turned, into)
    return values
  }

  return {
    add(positions) {
      checkSizes('scatter', { k: positions.k })
      checkLength('scatter', 'x', positions.x, positions.k * nx)
      checkLength('scatter', 'y', positions.y, positions.k * ny)
      if (positions.weights) checkLength('scatter', 'weights', positions.weights, positions.k)
      for (let from = 0, length = 0; from < positions.k; from += length) {
        length = Math.min(CHUNK - filled, positions.k - from)
        const copy = (pointer: number, values: Float32Array, size: number): void =>
          memory
            .float32(pointer + filled * size * f32, length * size)
            .set(values.subarray(from * size, (from + length) * size))
        copy(x, positions.x, nx)
        copy(y, positions.y, ny)
        // as long as all weigh 1, nothing is written
        if (positions.weights && !weighted) memory.float32(w, filled).fill(1)
        weighted ||= positions.weights !== undefined
        if (positions.weights) copy(w, positions.weights, 1)
        else if (weighted) memory.float32(w + filled * f32, length).fill(1)
        filled += length
        if (filled === CHUNK) flush()
      }
    },
    finish() {
      flush()
      const sums = memory.float64(vectors, 2 * n)
      const [xSum, ySum, squares] = [sums.slice(0, nx), sums.slice(nx, n), sums.slice(n + nx)]
      const products = yy ? mirrored(read(nx, nx, ny, ny), ny) : undefined
      return {
        x: xSum,
        y: ySum,
        ySquares: products ? squares.map((_, i) => products[i * ny + i]!) : squares,
        xx: mirrored(read(0, 0, nx, nx), nx),
        yx: read(0, nx, nx, ny, true),
        yy: products,
      }
    },
    free: () => memory.free(base),
  }
}

/** Rows of a square that the cache holds. */
const SQUARE = 32

/** In place: what is above the diagonal also below. */
function mirrored(a: Float64Array, n: number): Float64Array {
  for (let i0 = 0; i0 < n; i0 += SQUARE) {
    for (let j0 = 0; j0 <= i0; j0 += SQUARE) {
      for (let i = i0; i < Math.min(i0 + SQUARE, n); i++) {
        for (let j = j0; j < Math.min(j0 + SQUARE, i); j++) a[i * n + j] = a[j * n + i]!
      }
    }
  }
  return a
}
