import { TacoError } from '@tacojs/errors'
import { checkSizes, matrix } from './check.js'
import type { Kernels } from './kernels.js'
import { transpose } from './matrix.js'
import { mirror } from './products.js'
import { blank, download, upload, view } from './transfer.js'
import { cholesky, gramOfLower, invert, solve } from './triangular.js'
import type { TriangularOptions, TrsmOptions } from './types.js'

/** The triangle as a lower one in memory: U is the transpose of one. */
function triangle(name: string, kernels: Kernels, { uplo, n, a, lda, aOffset }: TriangularOptions) {
  checkSizes(name, { n })
  const host = matrix(`${name} A`, a, n, n, lda, aOffset)
  const device = upload(kernels, host)
  return { host, device, lower: uplo === 'L' ? device : transpose(device) }
}

export function potrf(kernels: Kernels, call: TriangularOptions): void {
  const { host, device, lower } = triangle('potrf', kernels, call)
  const { n, uplo } = call
  const failed = cholesky(kernels, lower)
  if (failed >= 0) {
    throw new TacoError(
      'NUMERICAL',
      `potrf: the matrix is not positive definite, pivot ${failed} of ${n} is not positive; add to its diagonal`,
    )
  }
  download(kernels, device, host)
  for (let i = 0; i < n; i++) {
    const row = host.offset + i * host.ld
    host.data.fill(0, row + (uplo === 'L' ? i + 1 : 0), row + (uplo === 'L' ? n : i))
  }
}

export function potri(kernels: Kernels, call: TriangularOptions): void {
  const { uplo, n } = call
  checkSizes('potri', { n })
  const host = matrix('potri A', call.a, n, n, call.lda, call.aOffset)
  // the inverse is the same from L and from U = Lᵀ: both begin as a clean lower triangle
  const device = blank(kernels, n, n)
  const data = view(kernels, device.pointer, n * n)
  const [down, right] = uplo === 'L' ? [host.ld, 1] : [1, host.ld]
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) data[i * n + j] = host.data[host.offset + i * down + j * right]
  }
  invert(kernels, device)
  gramOfLower(kernels, device)
  download(kernels, device, host)
  mirror(host.data, n, host.ld, host.offset)
}

export function trtri(kernels: Kernels, call: TriangularOptions): void {
  const { host, device, lower } = triangle('trtri', kernels, call)
  invert(kernels, lower)
  download(kernels, device, host)
}

export function trsm(kernels: Kernels, call: TrsmOptions): void {
  const { side, uplo, transA, diag = 'N', m, n, alpha = 1 } = call
  checkSizes('trsm', { m, n })
  const order = side === 'L' ? m : n
  const a = matrix('trsm A', call.a, order, order, call.lda, call.aOffset)
  const b = matrix('trsm B', call.b, m, n, call.ldb, call.bOffset)
  if (m === 0 || n === 0) return
  const triangular = upload(kernels, a)
  // B·op(A)⁻¹ is (op(A)⁻ᵀ·Bᵀ)ᵀ
  const flipped = transA !== (side === 'R')
  const factor = flipped ? transpose(triangular) : triangular
  const right = upload(kernels, b)
  solve(kernels, factor, (uplo === 'L') !== flipped, diag === 'U', side === 'L' ? right : transpose(right))
  if (alpha !== 1) {
    const data = view(kernels, right.pointer, m * n)
    for (let i = 0; i < data.length; i++) data[i] *= alpha
  }
  download(kernels, right, b)
}
