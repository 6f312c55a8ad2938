import { largest, positive, random, subjects, times, transposed, triangle } from './testing/cases.js'

// Hoisted: looking up a global is slow inside jest's sandbox.
const { abs, floor, max } = Math

const all = await subjects()
const sizes = [0, 1, 2, 3, 5, 8, 16, 17, 31, 32, 33, 47, 63, 64, 65, 96, 97, 127, 130]
const uplos = ['L', 'U'] as const

const within = (what: string, error: number, bound: number) => {
  if (!(error <= bound)) throw new Error(`${what}: ${error} exceeds ${bound}`)
}

/** The n×n block of an array with leading dimension n + 1 and offset 2, and back. */
const spread = (x: Float64Array, n: number) => {
  const wide = new Float64Array(2 + n * (n + 1)).fill(7)
  for (let i = 0; i < n; i++) wide.set(x.subarray(i * n, (i + 1) * n), 2 + i * (n + 1))
  return wide
}
const gather = (x: ArrayLike<number>, n: number) =>
  Float64Array.from({ length: n * n }, (_, at) => x[2 + floor(at / n) * (n + 1) + (at % n)])

/** The triangle with zeros beyond it, and a diagonal of ones if asked. */
const clean = (x: Float64Array, n: number, uplo: 'L' | 'U', unit = false) =>
  x.map((v, at) => {
    const [i, j] = [floor(at / n), at % n]
    if (i === j) return unit ? 1 : v
    return (uplo === 'L') === j < i ? v : 0
  })

const minusIdentity = (x: Float64Array, n: number) => x.map((v, at) => v - (at % (n + 1) === 0 ? 1 : 0))

describe.each(all)('$name', ({ linalg, eps, array }) => {
  test.each(uplos)('potrf %s: the factor gives the matrix back within 4n·eps, zeros beyond', (uplo) => {
    for (const n of sizes) {
      const exact = positive(n, n)
      const poisoned = clean(exact, n, uplo).map((v, at) => {
        const [i, j] = [floor(at / n), at % n]
        return i !== j && (uplo === 'L') === j > i ? NaN : v
      })
      const wide = array(spread(poisoned, n))
      linalg.potrf({ uplo, n, a: wide, lda: n + 1, aOffset: 2 })
      const f = gather(wide, n)
      expect(clean(f, n, uplo)).toEqual(f)
      const product = uplo === 'L' ? times(f, transposed(f, n), n, n, n) : times(transposed(f, n), f, n, n, n)
      const error = largest(product.map((v, at) => v - exact[at]))
      within(`potrf ${uplo} ${n}`, error, 4 * n * eps * largest(exact))
      expect(wide.filter((_, i) => i < 2 || (i - 2) % (n + 1) === n).every((v) => v === 7)).toBe(true)
    }
  })

  test.each(uplos)('potri %s: matrix times inverse is I within 16n·eps, exactly symmetric', (uplo) => {
    for (const n of sizes) {
      const exact = positive(n, n + 1)
      const a = array(exact)
      linalg.potrf({ uplo, n, a })
      linalg.potri({ uplo, n, a })
      const inverse = Float64Array.from(a)
      expect(transposed(inverse, n)).toEqual(inverse)
      const residual = largest(minusIdentity(times(exact, inverse, n, n, n), n))
      within(`potri ${uplo} ${n}`, residual, 16 * n * eps * largest(exact) * largest(inverse))
    }
  })

  test.each(uplos)('trtri %s: triangle times inverse is I within 8n·eps, zeros beyond', (uplo) => {
    for (const n of sizes) {
      const t = triangle(n, uplo, n)
      const wide = array(spread(t, n))
      linalg.trtri({ uplo, n, a: wide, lda: n + 1, aOffset: 2 })
      const inverse = gather(wide, n)
      expect(clean(inverse, n, uplo)).toEqual(inverse)
      const residual = largest(minusIdentity(times(clean(t, n, uplo), inverse, n, n, n), n))
      within(`trtri ${uplo} ${n}`, residual, 8 * n * eps * max(1, largest(inverse)))
    }
  })

  test('trsm: op(A)·X or X·op(A) gives alpha·B back within 4n·eps·|A|·|X|, for each side, triangle and diagonal', () => {
    for (const n of [0, 1, 2, 5, 17, 33, 65, 97]) {
      for (const columns of [0, 1, 9, 70]) {
        for (let form = 0; form < 16; form++) {
          const [side, uplo] = [form & 1 ? 'R' : 'L', form & 2 ? 'U' : 'L'] as ['L' | 'R', 'L' | 'U']
          const [transA, diag] = [(form & 4) > 0, form & 8 ? 'U' : 'N'] as [boolean, 'N' | 'U']
          const [m, width] = side === 'L' ? [n, columns] : [columns, n]
          const t = triangle(n, uplo, n + form)
          const b = random(m * width, form)
          const ldb = width + 2
          const wide = new Float64Array(1 + m * ldb).fill(7)
          for (let i = 0; i < m; i++) wide.set(b.subarray(i * width, (i + 1) * width), 1 + i * ldb)
          const x = array(wide)
          const shape = { side, uplo, transA, diag, m, n: width, alpha: -0.5, ldb, bOffset: 1 }
          linalg.trsm({ ...shape, a: array(t), b: x })
          const solved = Float64Array.from(
            { length: m * width },
            (_, at) => x[1 + floor(at / width) * ldb + (at % width)],
          )
          const own = clean(t, n, uplo, diag === 'U')
          const op = transA ? transposed(own, n) : own
          const product = side === 'L' ? times(op, solved, n, n, width) : times(solved, op, m, n, n)
          const [absOp, absX] = [op.map(abs), solved.map(abs)]
          const size = side === 'L' ? times(absOp, absX, n, n, width) : times(absX, absOp, m, n, n)
          let worst = 0
          product.forEach((v, at) => {
            const bound = 4 * (n + 2) * eps * (size[at] + abs(b[at]))
            const ratio = abs(v + 0.5 * b[at]) / bound
            if (!(ratio <= worst)) worst = ratio
          })
          within(`trsm ${JSON.stringify(shape)}: error by its bound`, worst, 1)
          expect(x.filter((_, i) => i < 1 || (i - 1) % ldb >= width).every((v) => v === 7)).toBe(true)
        }
      }
    }
  })

  test.each(uplos)('potrf %s: the first pivot that is not positive is named, and A is untouched', (uplo) => {
    for (const [n, bad] of [
      [1, 0],
      [5, 3],
      [40, 37],
      [70, 64],
    ]) {
      for (const value of [-1, NaN, Infinity]) {
        const exact = positive(n, 9)
        exact[bad * (n + 1)] = value
        const a = array(exact)
        const before = a.slice()
        const message = expect.stringContaining(`pivot ${bad};`)
        expect(() => linalg.potrf({ uplo, n, a })).toThrow(expect.objectContaining({ code: 'NUMERICAL', message }))
        expect(a).toEqual(before)
      }
    }
  })

  test('a factor with a 0 on its diagonal has no inverse', () => {
    for (const call of [linalg.potri, linalg.trtri]) {
      expect(() => call({ uplo: 'L', n: 2, a: array([1, 0, 1, 0]) })).toThrow(
        expect.objectContaining({ code: 'NUMERICAL' }),
      )
    }
  })
})
