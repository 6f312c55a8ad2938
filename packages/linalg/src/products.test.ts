import { random, subjects } from './testing/cases.js'
import { createPlainLinalg } from './testing/plain.js'

// Hoisted: looking up a global is slow inside jest's sandbox.
const { abs, floor, min } = Math

const all = await subjects()
const plain = createPlainLinalg()

/** Around every edge of the tile and of the blocks: 4 rows, 4 or 8 columns, a depth of 256, pieces of 1024. */
const shapes = [
  ...[0, 1, 2, 3, 4, 5, 7, 8, 9, 13].flatMap((m) => [0, 1, 3, 4, 8, 9, 17].map((n) => [m, n, (m * 3 + n) % 11])),
  ...[
    [33, 31, 255],
    [12, 20, 256],
    [9, 11, 257],
    [65, 7, 513],
    [1, 1, 1025],
    [1025, 3, 5],
    [2, 1030, 6],
    [515, 2, 300],
    [130, 140, 60],
  ],
]

describe.each(all)('$name', ({ linalg, eps, array }) => {
  test('gemm: any shape, transposes, leading dimensions, offsets, alpha and beta', () => {
    shapes.forEach(([m, n, k], at) => {
      const [transA, transB] = [at % 2 === 1, (at >> 1) % 2 === 1]
      const [alpha, beta] = [
        [1, 0],
        [-0.5, 1],
        [2, -0.25],
        [0, 0.5],
      ][at % 4]
      const [aOffset, bOffset, cOffset] = [at % 3, at % 5, at % 7]
      const lda = (transA ? m : k) + (at % 3)
      const ldb = (transB ? k : n) + (at % 2)
      const ldc = n + (at % 4)
      const a = array(random(aOffset + (transA ? k : m) * lda, at))
      const b = array(random(bOffset + (transB ? n : k) * ldb, at + 1))
      const before = array(random(cOffset + m * ldc, at + 2))
      const shape = { transA, transB, m, n, k, alpha, beta, lda, ldb, ldc, aOffset, bOffset, cOffset }
      const c = before.slice()
      linalg.gemm({ ...shape, a, b, c })
      const [a64, b64] = [Float64Array.from(a), Float64Array.from(b)]
      const exact = Float64Array.from(before)
      plain.gemm({ ...shape, a: a64, b: b64, c: exact })
      // |error| ≤ (k + 4)·eps·(|alpha|·|A|·|B| + |beta|·|C|), element by element
      const size = Float64Array.from(before, abs)
      const sizes = { ...shape, alpha: abs(alpha), beta: abs(beta) }
      plain.gemm({ ...sizes, a: a64.map(abs), b: b64.map(abs), c: size })
      c.forEach((value, i) => {
        const [row, col] = [floor((i - cOffset) / ldc), (i - cOffset) % ldc]
        const inside = i >= cOffset && row < m && col < n
        const error = abs(value - (inside ? exact[i] : before[i]))
        if (!(error <= (inside ? (k + 4) * eps * size[i] : 0))) {
          throw new Error(`gemm ${JSON.stringify(shape)}: element ${i} is ${value}, expected ${exact[i]}`)
        }
      })
    })
  })

  test('gemm: beta 0 overwrites NaN, alpha 0 reads no NaN', () => {
    const c = array([NaN, NaN])
    linalg.gemm({ m: 1, n: 2, k: 1, a: array([2]), b: array([3, 4]), c })
    expect([...c]).toEqual([6, 8])
    linalg.gemm({ m: 1, n: 2, k: 1, alpha: 0, a: array([NaN]), b: array([3, 4]), beta: 0.5, c })
    expect([...c]).toEqual([3, 4])
  })

  test.each([
    ['no depth', { k: 0, alpha: 1 }],
    ['alpha 0', { k: 2, alpha: 0 }],
  ])('syrk: with %s both triangles are beta times the upper one', (_, { k, alpha }) => {
    for (const n of [1, 5, 1030]) {
      const c = array(random(n * n + 3, n))
      const before = c.slice()
      linalg.syrk({ trans: true, n, k, alpha, beta: 0.5, a: array(random(n * k, 1)), c, cOffset: 3 })
      let worst = 0
      for (let row = 0; row < n; row++) {
        for (let col = 0; col < n; col++) {
          const upper = before[3 + Math.min(row, col) * n + Math.max(row, col)]!
          worst = Math.max(worst, Math.abs(c[3 + row * n + col]! - upper / 2))
        }
      }
      expect(worst).toBe(0)
      expect(c.slice(0, 3)).toEqual(before.slice(0, 3))
    }
  })

  test('syrk: both triangles equal the exact product and each other, whatever the depth', () => {
    const sizes = [0, 1, 2, 3, 4, 5, 8, 9, 31, 95, 96, 97, 101, 200].flatMap((n) => [0, 1, 7].map((k) => [n, k]))
    for (const [n, k] of [...sizes, [5, 255], [13, 257], [40, 300], [6, 1026], [2, 2500], [1027, 3]]) {
      // the largest, of two pieces, once: its oracle is slow
      for (const trans of n > 1024 ? [true] : [true, false]) {
        const lda = (trans ? n : k) + 1
        const a = array(random((trans ? k : n) * lda, n + k))
        const start = random(n * n, 3)
        // syrk reads the upper triangle of C, as the mirror of the lower one
        const symmetric = start.map((_, at) => start[min(at, (at % n) * n + floor(at / n))])
        const c = array(symmetric)
        const shape = { trans, n, k, lda, alpha: 0.5, beta: -1 }
        linalg.syrk({ ...shape, a, c })
        const [exact, size] = [symmetric.slice(), symmetric.map(abs)]
        plain.syrk({ ...shape, a: Float64Array.from(a), c: exact })
        plain.syrk({ ...shape, beta: 1, a: Float64Array.from(a, abs), c: size })
        for (let i = 0; i < n * n; i++) {
          const mirror = c[(i % n) * n + floor(i / n)]
          const error = abs(c[i] - exact[i])
          if (!(error <= (k + 4) * eps * size[i]) || c[i] !== mirror) {
            throw new Error(
              `syrk n ${n} k ${k} trans ${trans}: element ${i} is ${c[i]} (${mirror}), expected ${exact[i]}`,
            )
          }
        }
      }
    }
  })

  test('the same inputs give the same bits', () => {
    const [m, n, k] = [37, 29, 301]
    const [a, b] = [array(random(m * k, 1)), array(random(k * n, 2))]
    const [first, second] = [array(new Float64Array(m * n)), array(new Float64Array(m * n))]
    linalg.gemm({ m, n, k, a, b, c: first })
    linalg.gemm({ m: 5, n: 5, k: 5, a, b, c: second.slice() })
    linalg.gemm({ m, n, k, a, b, c: second })
    expect(second).toEqual(first)
  })
})
