import { TacoError } from '@tacojs/errors'
import { checkSizes, elementSize } from '../check.js'
import { hostMatrix as matrix, type HostMatrix as Matrix } from '../host.js'
import type { Linalg, TriangularOptions } from '../types.js'

type Get = (i: number, j: number) => number

const at =
  ({ data, offset, ld }: Matrix, trans = false): Get =>
  (i, j) =>
    trans ? data[offset + j * ld + i] : data[offset + i * ld + j]

/** Writes a matrix from f64 values. */
function put({ data, offset, ld, rows, cols }: Matrix, values: Float64Array): void {
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) data[offset + i * ld + j] = values[i * cols + j]
}

/** Solves T·x = b in place for one column, T triangular by `get`. */
function substitute(get: Get, lower: boolean, unit: boolean, n: number, x: Float64Array): void {
  for (let s = 0; s < n; s++) {
    const i = lower ? s : n - 1 - s
    let sum = x[i]
    for (let k = lower ? 0 : i + 1; k < (lower ? i : n); k++) sum -= get(i, k) * x[k]
    x[i] = unit ? sum : sum / get(i, i)
  }
}

/** The square matrix of an option object, its triangle as a lower one. */
function triangle(name: string, { uplo, n, a, lda, aOffset }: TriangularOptions): { target: Matrix; lower: Get } {
  checkSizes(name, { n })
  elementSize(name, a)
  const target = matrix(`${name}: A`, a, n, n, lda, aOffset)
  return { target, lower: at(target, uplo === 'U') }
}

function invertLower(name: string, n: number, lower: Get): Float64Array {
  for (let i = 0; i < n; i++) {
    if (lower(i, i) === 0)
      throw new TacoError('NUMERICAL', `${name}: the matrix is singular, element ${i} of its diagonal is 0`)
  }
  const inverse = new Float64Array(n * n)
  const column = new Float64Array(n)
  for (let j = 0; j < n; j++) {
    column.fill(0)[j] = 1
    substitute(lower, true, false, n, column)
    for (let i = j; i < n; i++) inverse[i * n + j] = column[i]
  }
  return inverse
}

const transposed = (values: Float64Array, n: number): Float64Array =>
  values.map((_, i) => values[(i % n) * n + Math.floor(i / n)])

/** Plain loops, every sum in f64. Slow, and meant to be read: the fast implementation is tested against it. */
export function createPlainLinalg(): Omit<Linalg, 'admm' | 'posv' | 'posvPrincipal' | 'scatter' | 'threads'> {
  return {
    gemm({ transA = false, transB = false, m, n, k, alpha = 1, beta = 0, ...o }) {
      checkSizes('gemm', { m, n, k })
      elementSize('gemm', o.a, o.b, o.c)
      const a = at(matrix('gemm: A', o.a, transA ? k : m, transA ? m : k, o.lda, o.aOffset), transA)
      const b = at(matrix('gemm: B', o.b, transB ? n : k, transB ? k : n, o.ldb, o.bOffset), transB)
      const c = matrix('gemm: C', o.c, m, n, o.ldc, o.cOffset)
      const old = at(c)
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          let sum = 0
          for (let p = 0; p < k; p++) sum += a(i, p) * b(p, j)
          c.data[c.offset + i * c.ld + j] = alpha * sum + (beta === 0 ? 0 : beta * old(i, j))
        }
      }
    },

    syrk({ trans, n, k, alpha = 1, beta = 0, ...o }) {
      checkSizes('syrk', { n, k })
      elementSize('syrk', o.a, o.c)
      const a = at(matrix('syrk: A', o.a, trans ? k : n, trans ? n : k, o.lda, o.aOffset), trans)
      const c = matrix('syrk: C', o.c, n, n, o.ldc, o.cOffset)
      const old = at(c)
      for (let i = 0; i < n; i++) {
        for (let j = i; j < n; j++) {
          let sum = 0
          for (let p = 0; p < k; p++) sum += a(i, p) * a(j, p)
          c.data[c.offset + i * c.ld + j] = alpha * sum + (beta === 0 ? 0 : beta * old(i, j))
          c.data[c.offset + j * c.ld + i] = c.data[c.offset + i * c.ld + j]
        }
      }
    },

    potrf(options) {
      const { target, lower } = triangle('potrf', options)
      const { n, uplo } = options
      const l = new Float64Array(n * n)
      for (let i = 0; i < n; i++) {
        for (let j = 0; j <= i; j++) {
          let sum = lower(i, j)
          for (let k = 0; k < j; k++) sum -= l[i * n + k] * l[j * n + k]
          if (i === j && !(sum > 0 && sum < Infinity)) {
            throw new TacoError(
              'NUMERICAL',
              `potrf: the matrix is not positive definite, pivot ${i} is ${sum}; add to its diagonal`,
            )
          }
          l[i * n + j] = i === j ? Math.sqrt(sum) : sum / l[j * n + j]
        }
      }
      put(target, uplo === 'L' ? l : transposed(l, n))
    },

    potri(options) {
      const { target, lower } = triangle('potri', options)
      const { n } = options
      const w = invertLower('potri', n, lower)
      const inverse = new Float64Array(n * n)
      for (let i = 0; i < n; i++) {
        for (let j = 0; j <= i; j++) {
          let sum = 0
          for (let k = i; k < n; k++) sum += w[k * n + i] * w[k * n + j]
          inverse[i * n + j] = inverse[j * n + i] = sum
        }
      }
      put(target, inverse)
    },

    trsm({ side, uplo, transA, diag = 'N', m, n, alpha = 1, ...o }) {
      checkSizes('trsm', { m, n })
      elementSize('trsm', o.a, o.b)
      const size = side === 'L' ? m : n
      // X·op(A) = B is op(A)ᵀ·Xᵀ = Bᵀ.
      const flip = transA !== (side === 'R')
      const a = at(matrix('trsm: A', o.a, size, size, o.lda, o.aOffset), flip)
      const b = matrix('trsm: B', o.b, m, n, o.ldb, o.bOffset)
      const [step, stride, columns] = side === 'L' ? [b.ld, 1, n] : [1, b.ld, m]
      for (let j = 0; j < columns; j++) {
        const x = Float64Array.from({ length: size }, (_, i) => alpha * b.data[b.offset + i * step + j * stride])
        substitute(a, (uplo === 'L') !== flip, diag === 'U', size, x)
        x.forEach((v, i) => (b.data[b.offset + i * step + j * stride] = v))
      }
    },

    trtri(options) {
      const { target, lower } = triangle('trtri', options)
      const inverse = invertLower('trtri', options.n, lower)
      put(target, options.uplo === 'L' ? inverse : transposed(inverse, options.n))
    },

    dispose() {},
    [Symbol.dispose]() {},
  }
}
