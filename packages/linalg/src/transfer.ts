import type { Matrix as HostMatrix } from './check.js'
import type { Kernels } from './kernels.js'
import type { Matrix } from './matrix.js'
import type { FloatArray } from './types.js'

/** The elements at a pointer, in the kernels' precision. */
export /** Rows from r0 to r1 and columns from c0 to c1 of a host matrix. */
const part = (m: HostMatrix, r0: number, r1: number, c0: number, c1: number): HostMatrix => ({
  ...m,
  offset: m.offset + r0 * m.ld + c0,
  rows: r1 - r0,
  cols: c1 - c0,
})

export const view = (k: Kernels, pointer: number, length: number): FloatArray =>
  k.size === 4 ? k.arena.f32(pointer, length) : k.arena.f64(pointer, length)

/** Copies a block of a host matrix into memory, densely. */
export function upload(k: Kernels, m: HostMatrix, r0 = 0, r1 = m.rows, c0 = 0, c1 = m.cols): Matrix {
  const [rows, cols] = [r1 - r0, c1 - c0]
  const pointer = k.arena.alloc(rows * cols * k.size)
  const to = view(k, pointer, rows * cols)
  if (cols === m.ld && c0 === 0) to.set(m.data.subarray(m.offset + r0 * m.ld, m.offset + r0 * m.ld + rows * cols))
  else {
    for (let i = 0; i < rows; i++) {
      const from = m.offset + (r0 + i) * m.ld + c0
      to.set(m.data.subarray(from, from + cols), i * cols)
    }
  }
  return { pointer, rows, cols, rs: cols, cs: 1 }
}

/** A block of zeros in memory. */
export function blank(k: Kernels, rows: number, cols: number): Matrix {
  const pointer = k.arena.alloc(rows * cols * k.size)
  view(k, pointer, rows * cols).fill(0)
  return { pointer, rows, cols, rs: cols, cs: 1 }
}

/** host ← device + beta·host, for the block of the host matrix that begins at row r0. */
export function download(k: Kernels, from: Matrix, m: HostMatrix, r0 = 0, beta = 0): void {
  const data = view(k, from.pointer, from.rows * from.cols)
  for (let i = 0; i < from.rows; i++) {
    const at = m.offset + (r0 + i) * m.ld
    if (beta === 0) m.data.set(data.subarray(i * from.cols, (i + 1) * from.cols), at)
    else for (let j = 0; j < from.cols; j++) m.data[at + j] = data[i * from.cols + j]! + beta * m.data[at + j]!
  }
}
