import type { HostMatrix } from './host.js'
import type { Kernels } from './kernels.js'
import type { Matrix } from './matrix.js'
import type { FloatArray } from './types.js'

/** The elements at a pointer, in the kernels' precision. */
const view = (k: Kernels, pointer: number, length: number): FloatArray =>
  k.size === 4 ? k.arena.float32(pointer, length) : k.arena.float64(pointer, length)

/** Room for a dense matrix in memory, whatever it holds. */
export const reserve = (k: Kernels, rows: number, cols: number): Matrix => ({
  pointer: k.arena.alloc(rows * cols * k.size),
  rows,
  cols,
  rs: cols,
  cs: 1,
})

/** A block of zeros in memory. */
export function blank(k: Kernels, rows: number, cols: number): Matrix {
  const to = reserve(k, rows, cols)
  view(k, to.pointer, rows * cols).fill(0)
  return to
}

/** Copies a host matrix into memory, densely. */
export function upload(k: Kernels, { data, offset, rows, cols, ld }: HostMatrix): Matrix {
  const to = reserve(k, rows, cols)
  const values = view(k, to.pointer, rows * cols)
  if (cols === ld || rows === 1) values.set(data.subarray(offset, offset + rows * cols))
  else for (let i = 0, at = offset; i < rows; i++, at += ld) values.set(data.subarray(at, at + cols), i * cols)
  return to
}

/** A copy in memory, times a factor; 0 gives zeros, whatever the host holds. */
export function scaled(k: Kernels, host: HostMatrix, factor: number): Matrix {
  if (factor === 0) return blank(k, host.rows, host.cols)
  const to = upload(k, host)
  const values = view(k, to.pointer, to.rows * to.cols)
  if (factor !== 1) for (let i = 0; i < values.length; i++) values[i] *= factor
  return to
}

/** Copies a dense matrix from memory to the host. */
export function download(k: Kernels, { pointer, rows, cols }: Matrix, { data, offset, ld }: HostMatrix): void {
  const values = view(k, pointer, rows * cols)
  if (cols === ld || rows === 1) data.set(values, offset)
  else for (let i = 0, at = offset; i < rows; i++, at += ld) data.set(values.subarray(i * cols, (i + 1) * cols), at)
}
