import { TacoError } from '@tacojs/errors'
import type { Kernels } from './kernels.js'
import { reverse, reverseRows, transpose, type Matrix } from './matrix.js'
import { pieces } from './products.js'
import { part, type HostMatrix } from './host.js'
import { download, downloadTriangle, reserve, scaled, upload, uploadTriangle } from './transfer.js'
import type { Uplo } from './types.js'

export function potrf(k: Kernels, host: HostMatrix, uplo: Uplo) {
  const a = uploadTriangle(k, host, uplo)
  factor(k, a, uplo, 'potrf: the matrix')
  downloadTriangle(k, a, host, uplo)
}

/** Throws NUMERICAL, where it says `what` is not positive definite. */
function factor(k: Kernels, a: Matrix, uplo: Uplo, what: string): void {
  const n = a.rows
  const failed = k.run('cholesky', { n, a: uplo === 'L' ? transpose(a) : a, work: n ** 3 / 6 })
  if (failed < 0) return
  throw new TacoError('NUMERICAL', `${what} is not positive definite at pivot ${failed}; add to its diagonal`)
}

function checkDiagonal(name: string, { data, offset, ld, rows }: HostMatrix) {
  for (let i = 0; i < rows; i++) {
    if (data[offset + i * ld + i] !== 0) continue
    throw new TacoError('NUMERICAL', `${name}: the matrix is singular, element ${i} of its diagonal is 0`)
  }
}

/** L⁻¹, lower, of a lower triangle; with `gram` A is then replaced by the inverse of L·Lᵀ. */
function invert(k: Kernels, l: Matrix, gram: boolean): Matrix {
  const n = l.rows
  const c = reserve(k, n, n)
  k.run('invert', { n, a: l, c, flags: gram ? 1 : 0, work: n ** 3 / (gram ? 3 : 6) })
  return c
}

export function trtri(k: Kernels, host: HostMatrix, uplo: Uplo) {
  checkDiagonal('trtri', host)
  const a = uploadTriangle(k, host, uplo)
  // the inverse of an upper triangle is the transpose of that of its transpose
  const inverse = invert(k, uplo === 'L' ? a : transpose(a), false)
  if (uplo === 'U') k.transpose(inverse, a)
  downloadTriangle(k, uplo === 'L' ? inverse : a, host, uplo)
}

export function potri(k: Kernels, host: HostMatrix, uplo: Uplo) {
  checkDiagonal('potri', host)
  const a = uploadTriangle(k, host, uplo)
  invert(k, uplo === 'L' ? a : transpose(a), true)
  download(k, a, host)
}

/** A ← A⁻¹ in memory; of A only the lower triangle is read. Throws NUMERICAL as `factor`. */
export function invertPositive(k: Kernels, a: Matrix, what: string): void {
  factor(k, a, 'L', what)
  const mark = k.memory.mark()
  invert(k, a, true)
  k.memory.release(mark)
}

export interface SolveOptions {
  readonly right: boolean
  readonly lower: boolean
  readonly trans: boolean
  readonly unit: boolean
  readonly alpha: number
}

/**
 * B ← alpha·op(A)⁻¹·B, or alpha·B·op(A)⁻¹ as op(A)ᵀ·Xᵀ = Bᵀ; B goes through memory in pieces that do not interact. Upper
 * triangles are lower ones in reverse order.
 */
export function trsm(k: Kernels, a: HostMatrix, b: HostMatrix, { right, lower, trans, unit, alpha }: SolveOptions) {
  const flip = trans !== right
  const triangle = flip ? transpose(upload(k, a)) : upload(k, a)
  const forward = lower !== flip
  const m = a.rows
  for (const [from, to] of pieces(right ? b.rows : b.cols)) {
    const mark = k.memory.mark()
    const piece = right ? part(b, from, to, 0, m) : part(b, 0, m, from, to)
    const given = scaled(k, piece, alpha)
    const n = to - from
    const x = right ? transpose(given) : given
    const [l, c] = forward ? [triangle, x] : [reverse(triangle, k.size), reverseRows(x, k.size)]
    k.run('solve', { m, n, a: l, c, flags: (unit ? 1 : 0) + (right ? 2 : 0), work: (m * m * n) / 2 })
    download(k, given, piece)
    k.memory.release(mark)
  }
}
