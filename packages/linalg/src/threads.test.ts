import { createLinalg, type Linalg } from './index.js'
import { random, triangle } from './testing/cases.js'

type Make = (values: ArrayLike<number>) => Float32Array | Float64Array

/** Of several blocks, and enough work for all threads to be given some. */
const n = 190

/** XᵀX + n·I */
function positive(linalg: Linalg, array: Make) {
  const [a, c] = [array(random(n * n, 3)), array(new Float64Array(n * n))]
  linalg.syrk({ trans: true, n, k: n, a, c })
  for (let i = 0; i < n; i++) c[i * (n + 1)] += n
  return c
}

/** The results of each call. */
function results(linalg: Linalg, array: Make) {
  const [m, k] = [130, 300]
  const [a, b] = [array(random(m * k, 1)), array(random(k * n, 2))]
  const product = array(new Float64Array(m * n))
  linalg.gemm({ m, n, k, a, b, c: product })
  const spd = positive(linalg, array)
  const factors = (['L', 'U'] as const).flatMap((uplo) => {
    const factor = spd.slice()
    linalg.potrf({ uplo, n, a: factor })
    const [inverse, half, x] = [factor.slice(), factor.slice(), spd.slice()]
    linalg.potri({ uplo, n, a: inverse })
    linalg.trtri({ uplo, n, a: half })
    linalg.trsm({ side: 'L', uplo, transA: uplo === 'U', m: n, n, a: array(triangle(n, uplo, 5)), b: x })
    return [factor, inverse, half, x]
  })
  return [product, spd, ...factors].map((values) => Buffer.from(values.buffer).toString('base64'))
}

test('results are the same bits for any number of threads', async () => {
  const arrays: Make[] = [(values) => Float32Array.from(values), (values) => Float64Array.from(values)]
  const one = await createLinalg()
  expect(one.threads).toEqual({ size: 1, reason: undefined })
  for (const threads of [2, 3]) {
    const several = await createLinalg({ threads })
    expect(several.threads).toEqual({ size: threads, reason: undefined })
    for (const array of arrays) expect(results(several, array)).toEqual(results(one, array))
    several.dispose()
  }
})

test('a matrix that is not positive definite ends the job for all threads, again and again', async () => {
  const linalg = await createLinalg({ threads: 2 })
  const spd = positive(linalg, (values) => Float64Array.from(values))
  for (const bad of [0, 130, 189]) {
    const a = spd.slice()
    a[bad * (n + 1)] = -1
    const message = expect.stringContaining(`pivot ${bad};`)
    expect(() => linalg.potrf({ uplo: 'L', n, a })).toThrow(expect.objectContaining({ code: 'NUMERICAL', message }))
  }
  const a = spd.slice()
  linalg.potrf({ uplo: 'L', n, a })
  expect(a[0]).toBeCloseTo(spd[0]! ** 0.5, 12)
  linalg.dispose()
})

test('the number of threads is checked', async () => {
  await expect(createLinalg({ threads: 0 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
})
