import { TacoError } from '@tacojs/errors'
import type { HostMatrix } from './host.js'
import type { Kernels } from './kernels.js'
import { download, upload } from './transfer.js'

/** Solves A·x = b for each row b of B, in place; see `Linalg.posv`. */
export function posv(k: Kernels, a: HostMatrix, b: HostMatrix): void {
  const n = a.rows
  if (n === 0 || b.rows === 0) return
  const [matrix, right] = [upload(k, a), upload(k, b)]
  const failed = k.posv(n, b.rows, matrix.pointer, right.pointer)
  if (failed >= 0) {
    throw new TacoError(
      'NUMERICAL',
      `posv: the matrix is not positive definite, pivot ${failed} of ${n} is not positive; add to its diagonal`,
    )
  }
  download(k, right, b)
}
