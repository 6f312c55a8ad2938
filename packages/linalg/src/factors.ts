import { TacoError } from '@tacojs/errors'
import type { Kernels } from './kernels.js'
import { transpose, type Matrix } from './matrix.js'
import { pieces } from './products.js'
import { part, type HostMatrix } from './host.js'
import { blank, download, upload, view } from './transfer.js'
import { cholesky, gramOfLower, invert, solve } from './triangular.js'
import type { Uplo } from './types.js'

/** Runs `work` on the lower triangle of A in memory (an upper one is transposed), zeros above it; then frees it. */
function onLower(
  k: Kernels,
  a: HostMatrix,
  uplo: Uplo,
  work: (l: Matrix, values: Float32Array | Float64Array) => void,
) {
  const mark = k.arena.mark()
  try {
    const n = a.rows
    const l = blank(k, n, n)
    const values = view(k, l.pointer, n * n)
    for (let i = 0; i < n; i++) {
      const row = a.offset + i * a.ld
      if (uplo === 'L') values.set(a.data.subarray(row, row + i + 1), i * n)
      else for (let j = i; j < n; j++) values[j * n + i] = a.data[row + j]
    }
    work(l, values)
  } finally {
    k.arena.release(mark)
  }
}

/** Writes a lower triangle back: transposed for U, and on both sides when `symmetric`, else zeros on the other. */
function store(k: Kernels, l: Matrix, a: HostMatrix, uplo: Uplo, symmetric: boolean) {
  const n = a.rows
  const values = view(k, l.pointer, n * n)
  for (let i = 0; i < n; i++) {
    const row = a.offset + i * a.ld
    for (let j = 0; j < n; j++) {
      const within = uplo === 'L' ? j <= i : j >= i
      const [r, c] = j <= i ? [i, j] : [j, i]
      a.data[row + j] = within || symmetric ? values[r * n + c] : 0
    }
  }
}

export function potrf(k: Kernels, a: HostMatrix, uplo: Uplo) {
  onLower(k, a, uplo, (l) => {
    const failed = cholesky(k, l)
    if (failed >= 0) {
      throw new TacoError(
        'NUMERICAL',
        `potrf: the matrix is not positive definite at pivot ${failed}; add to its diagonal`,
      )
    }
    store(k, l, a, uplo, false)
  })
}

function checkDiagonal(name: string, { data, offset, ld, rows }: HostMatrix) {
  for (let i = 0; i < rows; i++) {
    if (data[offset + i * ld + i] !== 0) continue
    throw new TacoError('NUMERICAL', `${name}: the matrix is singular, element ${i} of its diagonal is 0`)
  }
}

export function trtri(k: Kernels, a: HostMatrix, uplo: Uplo) {
  checkDiagonal('trtri', a)
  onLower(k, a, uplo, (l) => {
    invert(k, l)
    store(k, l, a, uplo, false)
  })
}

export function potri(k: Kernels, a: HostMatrix, uplo: Uplo) {
  checkDiagonal('potri', a)
  onLower(k, a, uplo, (l) => {
    invert(k, l)
    gramOfLower(k, l)
    store(k, l, a, uplo, true)
  })
}

export interface SolveOptions {
  readonly right: boolean
  readonly lower: boolean
  readonly trans: boolean
  readonly unit: boolean
  readonly alpha: number
}

/** B ← alpha·op(A)⁻¹·B, or alpha·B·op(A)⁻¹ as op(A)ᵀ·Xᵀ = Bᵀ; B goes through memory in pieces that do not interact. */
export function trsm(k: Kernels, a: HostMatrix, b: HostMatrix, { right, lower, trans, unit, alpha }: SolveOptions) {
  const mark = k.arena.mark()
  try {
    const flip = trans !== right
    const triangle = flip ? transpose(upload(k, a)) : upload(k, a)
    for (const [from, to] of pieces(right ? b.rows : b.cols)) {
      const piece = right ? part(b, from, to, 0, b.cols) : part(b, 0, b.rows, from, to)
      const inner = k.arena.mark()
      const x = upload(k, piece)
      const values = view(k, x.pointer, x.rows * x.cols)
      if (alpha !== 1) for (let i = 0; i < values.length; i++) values[i] = alpha === 0 ? 0 : values[i] * alpha
      solve(k, triangle, lower !== flip, unit, right ? transpose(x) : x)
      download(k, x, piece)
      k.arena.release(inner)
    }
  } finally {
    k.arena.release(mark)
  }
}
