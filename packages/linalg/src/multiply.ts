import type { Kernels } from './kernels.js'
import { block, reverseCols, reverseRows, transpose, type Matrix } from './matrix.js'

/** Depth of a packed block: a panel of B (two vectors wide) then fits the first-level cache. */
const DEPTH = 256
/** Rows of A that are packed at a time: 512 × 256 floats fit the second-level cache. */
const ROWS = 512
/** Columns of B that are packed at a time. */
const COLS = 1024

const roundUp = (n: number, multiple: number): number => Math.ceil(n / multiple) * multiple

/** C += alpha·A·B on matrices in memory, any strides. */
export function multiply(kernels: Kernels, alpha: number, a: Matrix, b: Matrix, c: Matrix): void {
  const { size, width, arena } = kernels
  if (c.rows === 0 || c.cols === 0 || a.cols === 0) return
  // the kernel writes rows of C forwards: other orders are moved into A and B
  if (c.rs < 0) return multiply(kernels, alpha, reverseRows(a, size), b, reverseRows(c, size))
  if (c.cs < 0) return multiply(kernels, alpha, a, reverseCols(b, size), reverseCols(c, size))
  if (c.cs !== 1 && c.rs === 1) return multiply(kernels, alpha, transpose(b), transpose(a), transpose(c))
  const mark = arena.mark()
  const depth = Math.min(DEPTH, a.cols)
  const packedA = arena.alloc(roundUp(Math.min(ROWS, c.rows), 4) * depth * size)
  const packedB = arena.alloc(depth * roundUp(Math.min(COLS, c.cols), width) * size)
  const scratch = arena.alloc(128)
  for (let j = 0; j < c.cols; j += COLS) {
    const j1 = Math.min(j + COLS, c.cols)
    for (let p = 0; p < a.cols; p += depth) {
      const p1 = Math.min(p + depth, a.cols)
      const right = block(b, size, p, p1, j, j1)
      kernels.packB(right.pointer, right.rs, right.cs, p1 - p, j1 - j, packedB)
      for (let i = 0; i < c.rows; i += ROWS) {
        const i1 = Math.min(i + ROWS, c.rows)
        const left = block(a, size, i, i1, p, p1)
        kernels.packA(left.pointer, left.rs, left.cs, i1 - i, p1 - p, packedA)
        const target = block(c, size, i, i1, j, j1)
        kernels.multiply(i1 - i, j1 - j, p1 - p, alpha, packedA, packedB, target.pointer, c.rs, scratch)
      }
    }
  }
  arena.release(mark)
}

/** Rows of C that `multiplyLower` computes at a time. */
const STRIP = 96

/** The lower triangle of C += alpha·Aᵀ·A, A [k × n] in memory (some of the upper triangle is touched as well). */
export function multiplyLower(kernels: Kernels, alpha: number, a: Matrix, c: Matrix): void {
  const { size, width, arena } = kernels
  const n = c.rows
  const mark = arena.mark()
  const depth = Math.min(DEPTH, a.rows)
  const packedA = arena.alloc(roundUp(n, 4) * depth * size)
  const packedB = arena.alloc(depth * roundUp(n, width) * size)
  const scratch = arena.alloc(128)
  for (let p = 0; p < a.rows; p += depth) {
    const p1 = Math.min(p + depth, a.rows)
    const part = block(a, size, p, p1, 0, n)
    kernels.packB(part.pointer, part.rs, part.cs, p1 - p, n, packedB)
    kernels.packA(part.pointer, part.cs, part.rs, n, p1 - p, packedA)
    for (let i = 0; i < n; i += STRIP) {
      const i1 = Math.min(i + STRIP, n)
      // the strip's columns end where its last row meets the diagonal
      kernels.multiply(
        i1 - i,
        i1,
        p1 - p,
        alpha,
        packedA + i * (p1 - p) * size,
        packedB,
        c.pointer + i * c.rs * size,
        c.rs,
        scratch,
      )
    }
  }
  arena.release(mark)
}
