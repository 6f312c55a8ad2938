import { TacoError } from '@tacojs/errors'
import type { HostMatrix } from './host.js'
import type { Kernels } from './kernels.js'
import { transpose } from './matrix.js'
import { download, upload, uploadTriangle } from './transfer.js'

/** Unknowns up to which the blocked factorization is not worth its packing. */
const FEW = 96

/** Solves A·x = b for each row b of B, in place; see `Linalg.posv`. */
export function posv(k: Kernels, a: HostMatrix, b: HostMatrix): void {
  const n = a.rows
  if (n === 0 || b.rows === 0) return
  const few = n <= FEW
  const [l, x] = [few ? upload(k, a) : uploadTriangle(k, a, 'L'), upload(k, b)]
  const failed = few ? k.factorRows(l) : k.run('cholesky', { n, a: transpose(l), work: n ** 3 / 6 })
  if (failed >= 0) {
    throw new TacoError(
      'NUMERICAL',
      `posv: the matrix is not positive definite, pivot ${failed} of ${n} is not positive; add to its diagonal`,
    )
  }
  k.potrs(l, x)
  download(k, x, b)
}
