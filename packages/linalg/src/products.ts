import type { Kernels } from './kernels.js'
import { transpose, type Matrix } from './matrix.js'
import { part, type HostMatrix } from './host.js'
import { blank, download, reserve, scaled, upload } from './transfer.js'

/** Rows, columns and depth of what is in memory at a time: what a product needs there is bounded, whatever its size. */
const BLOCK = 1152

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

/** A block of alpha·A·B + beta·C in memory: rows i0 to i1, columns j0 to j1 of C. */
function blockOf(
  k: Kernels,
  alpha: number,
  a: Operand,
  b: Operand,
  depth: number,
  beta: number,
  c: HostMatrix,
  [i0, i1]: readonly [number, number],
  [j0, j1]: readonly [number, number],
  symmetric: boolean,
): Matrix {
  const [m, n] = [i1 - i0, j1 - j0]
  const sum = beta === 0 ? blank(k, m, n) : scaled(k, part(c, i0, i1, j0, j1), beta)
  // As in BLAS, alpha = 0 does not read A and B.
  for (const [p0, p1] of pieces(alpha === 0 ? 0 : depth)) {
    const mark = k.memory.mark()
    const left = load(k, a, i0, i1, p0, p1)
    const right = symmetric ? transpose(left) : load(k, b, p0, p1, j0, j1)
    const work = (m * n * (p1 - p0)) / (symmetric ? 2 : 1)
    k.run('product', { m, n, k: p1 - p0, alpha, a: left, b: right, c: sum, flags: symmetric ? 1 : 0, work })
    k.memory.release(mark)
  }
  return sum
}

/** C ← alpha·A·B + beta·C on host matrices, piece by piece. */
export function product(k: Kernels, alpha: number, a: Operand, b: Operand, depth: number, beta: number, c: HostMatrix) {
  for (const rows of pieces(c.rows)) {
    for (const cols of pieces(c.cols)) {
      const mark = k.memory.mark()
      download(k, blockOf(k, alpha, a, b, depth, beta, c, rows, cols, false), part(c, ...rows, ...cols))
      k.memory.release(mark)
    }
  }
}

/** C ← alpha·A·Aᵀ + beta·C: the blocks on and above the diagonal, each mirrored. A is n×depth. */
export function gram(k: Kernels, alpha: number, a: Operand, depth: number, beta: number, c: HostMatrix) {
  const b = { ...a, trans: !a.trans }
  for (const rows of pieces(c.rows)) {
    for (const cols of pieces(c.rows)) {
      if (cols[0] < rows[0]) continue
      const mark = k.memory.mark()
      const diagonal = cols[0] === rows[0]
      const sum = blockOf(k, alpha, a, b, depth, beta, c, rows, cols, diagonal)
      const block = part(c, ...rows, ...cols)
      download(k, sum, block)
      // the product mirrors itself; without one nothing has
      if (diagonal && (alpha === 0 || depth === 0)) mirror(block)
      if (!diagonal) {
        const mirrored = reserve(k, sum.cols, sum.rows)
        k.transpose(sum, mirrored)
        download(k, mirrored, part(c, ...cols, ...rows))
      }
      k.memory.release(mark)
    }
  }
}

/** Copies what is above the diagonal below it. */
function mirror({ data, offset, rows, ld }: HostMatrix): void {
  for (let row = 1; row < rows; row++) {
    for (let col = 0; col < row; col++) data[offset + row * ld + col] = data[offset + col * ld + row]!
  }
}
