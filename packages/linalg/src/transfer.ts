import type { HostMatrix } from './host.js'
import type { Kernels } from './kernels.js'
import type { Matrix } from './matrix.js'
import type { FloatArray } from './types.js'

/** The elements at a pointer, in the kernels' precision. */
export const view = (k: Kernels, pointer: number, length: number): FloatArray =>
  k.size === 4 ? k.arena.float32(pointer, length) : k.arena.float64(pointer, length)

/** Copies a host matrix into memory, densely. */
export function upload(k: Kernels, { data, offset, rows, cols, ld }: HostMatrix): Matrix {
  const pointer = k.arena.alloc(rows * cols * k.size)
  const to = view(k, pointer, rows * cols)
  if (cols === ld || rows === 1) to.set(data.subarray(offset, offset + rows * cols))
  else {
    for (let i = 0, from = offset; i < rows; i++, from += ld) to.set(data.subarray(from, from + cols), i * cols)
  }
  return { pointer, rows, cols, rs: cols, cs: 1 }
}

/** A block of zeros in memory. */
export function blank(k: Kernels, rows: number, cols: number): Matrix {
  const pointer = k.arena.alloc(rows * cols * k.size)
  view(k, pointer, rows * cols).fill(0)
  return { pointer, rows, cols, rs: cols, cs: 1 }
}

/** host ← device + beta·host, with a dense device matrix. With beta = 0 what the host holds is not read. */
export function download(k: Kernels, from: Matrix, { data, offset, ld }: HostMatrix, beta = 0): void {
  const { rows, cols } = from
  const values = view(k, from.pointer, rows * cols)
  for (let i = 0, to = offset; i < rows; i++, to += ld) {
    if (beta === 0) data.set(values.subarray(i * cols, (i + 1) * cols), to)
    else for (let j = 0; j < cols; j++) data[to + j] = values[i * cols + j] + beta * data[to + j]
  }
}
