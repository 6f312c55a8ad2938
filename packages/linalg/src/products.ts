import type { Kernels } from './kernels.js'
import { transpose, type Matrix } from './matrix.js'
import { multiply, multiplyLower } from './multiply.js'
import { part, type HostMatrix } from './host.js'
import { blank, download, upload, view } from './transfer.js'

/** Rows, columns and depth of what is in memory at a time: what a product needs there is bounded, whatever its size. */
const BLOCK = 1024

/** [from, to) pieces of at most BLOCK, of nearly equal length. */
export function* pieces(length: number): Generator<[number, number]> {
  const count = Math.ceil(length / BLOCK)
  for (let i = 0; i < count; i++) yield [Math.floor((i * length) / count), Math.floor(((i + 1) * length) / count)]
}

/** A host matrix and whether it stands for its transpose. */
export interface Operand {
  readonly host: HostMatrix
  readonly trans: boolean
}

const load = (k: Kernels, { host, trans }: Operand, r0: number, r1: number, c0: number, c1: number): Matrix =>
  trans ? transpose(upload(k, part(host, c0, c1, r0, r1))) : upload(k, part(host, r0, r1, c0, c1))

/** C ← alpha·A·B + beta·C on host matrices, piece by piece. */
export function product(k: Kernels, alpha: number, a: Operand, b: Operand, depth: number, beta: number, c: HostMatrix) {
  const { arena } = k
  for (const [i0, i1] of pieces(c.rows)) {
    for (const [j0, j1] of pieces(c.cols)) {
      const mark = arena.mark()
      const sum = blank(k, i1 - i0, j1 - j0)
      // As in BLAS, alpha = 0 does not read A and B.
      for (const [p0, p1] of pieces(alpha === 0 ? 0 : depth)) {
        const inner = arena.mark()
        multiply(k, alpha, load(k, a, i0, i1, p0, p1), load(k, b, p0, p1, j0, j1), sum)
        arena.release(inner)
      }
      download(k, sum, part(c, i0, i1, j0, j1), beta)
      arena.release(mark)
    }
  }
}

/** C ← alpha·AᵀA + beta·C: the blocks on and below the diagonal, each mirrored. A is depth×n. */
export function gram(k: Kernels, alpha: number, a: Operand, depth: number, beta: number, c: HostMatrix) {
  const { arena } = k
  for (const [i0, i1] of pieces(c.rows)) {
    for (const [j0, j1] of pieces(c.rows)) {
      if (j0 > i0) break
      const mark = arena.mark()
      const sum = blank(k, i1 - i0, j1 - j0)
      for (const [p0, p1] of pieces(alpha === 0 ? 0 : depth)) {
        const inner = arena.mark()
        const left = load(k, a, p0, p1, i0, i1)
        if (i0 === j0) multiplyLower(k, alpha, left, sum)
        else multiply(k, alpha, transpose(left), load(k, a, p0, p1, j0, j1), sum)
        arena.release(inner)
      }
      mirror(k, sum, c, i0, j0, beta)
      arena.release(mark)
    }
  }
}

/** Tiles keep both the rows that are read and the rows that are written in the cache. */
const TILE = 32

/** Writes a block at and below the diagonal of C, and its transpose above; beta scales what was above. */
function mirror(k: Kernels, from: Matrix, { data, offset, ld }: HostMatrix, i0: number, j0: number, beta: number) {
  const values = view(k, from.pointer, from.rows * from.cols)
  for (let ti = 0; ti < from.rows; ti += TILE) {
    for (let tj = 0; tj < from.cols && j0 + tj < i0 + ti + TILE; tj += TILE) {
      for (let i = ti; i < Math.min(ti + TILE, from.rows); i++) {
        const end = Math.min(tj + TILE, from.cols, i0 + i - j0 + 1)
        for (let j = tj; j < end; j++) {
          const upper = offset + (j0 + j) * ld + i0 + i
          const value = values[i * from.cols + j] + (beta === 0 ? 0 : beta * data[upper])
          data[upper] = value
          data[offset + (i0 + i) * ld + j0 + j] = data[upper]
        }
      }
    }
  }
}
