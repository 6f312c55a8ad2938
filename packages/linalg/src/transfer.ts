import type { HostMatrix } from './host.js'
import type { Kernels } from './kernels.js'
import type { Matrix } from './matrix.js'
import type { FloatArray, Uplo } from './types.js'

/** The elements at a pointer, in the kernels' precision. */
const view = (k: Kernels, pointer: number, length: number): FloatArray =>
  k.size === 4 ? k.memory.float32(pointer, length) : k.memory.float64(pointer, length)

const line = 64
/** Bytes of a row from which on a call per row to copy it costs little. */
const LONG = 1024

/**
 * Room for a matrix in memory, whatever it holds. Long rows are an odd number of cache lines apart: columns would else
 * fall on few sets of the cache and push each other out.
 */
export function reserve({ memory, size }: Kernels, rows: number, cols: number): Matrix {
  const rs = cols * size < LONG ? cols : ((Math.ceil((cols * size) / line) | 1) * line) / size
  return { pointer: memory.alloc(rows * rs * size), rows, cols, rs, cs: 1 }
}

/** A block of zeros in memory. */
export function blank(k: Kernels, rows: number, cols: number): Matrix {
  const to = reserve(k, rows, cols)
  view(k, to.pointer, rows * to.rs).fill(0)
  return to
}

/** Copies a host matrix into memory. */
export function upload(k: Kernels, { data, offset, rows, cols, ld }: HostMatrix): Matrix {
  const to = reserve(k, rows, cols)
  const values = view(k, to.pointer, rows * to.rs)
  if (cols === ld && cols === to.rs) values.set(data.subarray(offset, offset + rows * cols))
  else for (let i = 0, at = offset; i < rows; i++, at += ld) values.set(data.subarray(at, at + cols), i * to.rs)
  return to
}

/** A copy in memory, times a factor; 0 gives zeros, whatever the host holds. */
export function scaled(k: Kernels, host: HostMatrix, factor: number): Matrix {
  if (factor === 0) return blank(k, host.rows, host.cols)
  const to = upload(k, host)
  const values = view(k, to.pointer, to.rows * to.rs)
  if (factor !== 1) for (let i = 0; i < values.length; i++) values[i] *= factor
  return to
}

/** Copies a matrix from memory to the host. */
export function download(k: Kernels, { pointer, rows, cols, rs }: Matrix, { data, offset, ld }: HostMatrix): void {
  if (rows === 0) return
  const values = view(k, pointer, (rows - 1) * rs + cols)
  if (cols === ld && cols === rs) data.set(values, offset)
  else for (let i = 0, at = offset; i < rows; i++, at += ld) data.set(values.subarray(i * rs, i * rs + cols), at)
}

/** The columns of a triangle in row i of n. */
const within = (uplo: Uplo, i: number, n: number): [number, number] => (uplo === 'L' ? [0, i + 1] : [i, n])

/** Copies one triangle of a square host matrix into memory; the other is whatever it is. */
export function uploadTriangle(k: Kernels, { data, offset, rows, ld }: HostMatrix, uplo: Uplo): Matrix {
  const to = reserve(k, rows, rows)
  const values = view(k, to.pointer, rows * to.rs)
  for (let i = 0; i < rows; i++) {
    const [from, end] = within(uplo, i, rows)
    const at = offset + i * ld
    values.set(data.subarray(at + from, at + end), i * to.rs + from)
  }
  return to
}

/** Copies one triangle from memory to the host, and zeros to the other. */
export function downloadTriangle(k: Kernels, a: Matrix, { data, offset, rows, ld }: HostMatrix, uplo: Uplo): void {
  const values = view(k, a.pointer, rows * a.rs)
  for (let i = 0; i < rows; i++) {
    const [from, end] = within(uplo, i, rows)
    const at = offset + i * ld
    data.set(values.subarray(i * a.rs + from, i * a.rs + end), at + from)
    data.fill(0, at, at + from)
    data.fill(0, at + end, at + rows)
  }
}
