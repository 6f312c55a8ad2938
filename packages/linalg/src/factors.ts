import { TacoError } from '@tacojs/errors'
import type { Kernels } from './kernels.js'
import { reverse, reverseRows, transpose, type Matrix } from './matrix.js'
import { pieces } from './products.js'
import { part, type HostMatrix } from './host.js'
import { download, reserve, scaled, upload } from './transfer.js'
import type { Uplo } from './types.js'

export function potrf(k: Kernels, host: HostMatrix, uplo: Uplo) {
  const a = upload(k, host)
  const n = a.rows
  const failed = k.run('cholesky', { n, a, flag: uplo === 'L', work: n ** 3 / 6 })
  if (failed >= 0) {
    throw new TacoError(
      'NUMERICAL',
      `potrf: the matrix is not positive definite at pivot ${failed}; add to its diagonal`,
    )
  }
  download(k, a, host)
}

function checkDiagonal(name: string, { data, offset, ld, rows }: HostMatrix) {
  for (let i = 0; i < rows; i++) {
    if (data[offset + i * ld + i] !== 0) continue
    throw new TacoError('NUMERICAL', `${name}: the matrix is singular, element ${i} of its diagonal is 0`)
  }
}

/** A⁻¹, taking an upper triangle as the transpose of a lower one. With `gram` A is then replaced by the inverse of A·Aᵀ. */
function invert(k: Kernels, a: Matrix, uplo: Uplo, gram: boolean): Matrix {
  const n = a.rows
  const c = reserve(k, n, n)
  k.run('invert', { n, a: uplo === 'L' ? a : transpose(a), c, flag: gram, work: n ** 3 / (gram ? 3 : 6) })
  return c
}

export function trtri(k: Kernels, host: HostMatrix, uplo: Uplo) {
  checkDiagonal('trtri', host)
  const a = upload(k, host)
  const inverse = invert(k, a, uplo, false)
  if (uplo === 'U') k.transpose(inverse.rows, inverse.cols, inverse.pointer, a.pointer)
  download(k, uplo === 'U' ? a : inverse, host)
}

export function potri(k: Kernels, host: HostMatrix, uplo: Uplo) {
  checkDiagonal('potri', host)
  const a = upload(k, host)
  invert(k, a, uplo, true)
  download(k, a, host)
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
    const mark = k.arena.mark()
    const piece = right ? part(b, from, to, 0, m) : part(b, 0, m, from, to)
    const given = scaled(k, piece, alpha)
    const n = to - from
    const x = right ? reserve(k, m, n) : given
    if (right) k.transpose(n, m, given.pointer, x.pointer)
    const [l, c] = forward ? [triangle, x] : [reverse(triangle, k.size), reverseRows(x, k.size)]
    k.run('solve', { m, n, a: l, c, flag: unit, work: (m * m * n) / 2 })
    if (right) k.transpose(m, n, x.pointer, given.pointer)
    download(k, given, piece)
    k.arena.release(mark)
  }
}
