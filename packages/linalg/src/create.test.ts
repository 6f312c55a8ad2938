import { createLinalg } from './index.js'

const code = (value: string) => expect.objectContaining({ code: value })

test('wrong sizes and types are INVALID_ARGUMENT', async () => {
  const linalg = await createLinalg()
  const a = new Float64Array(4)
  expect(() => linalg.gemm({ m: 2, n: 2, k: 2, a, b: a, c: new Float32Array(4) })).toThrow(code('INVALID_ARGUMENT'))
  expect(() => linalg.gemm({ m: 2, n: 2, k: 3, a, b: a, c: new Float64Array(4) })).toThrow(code('INVALID_ARGUMENT'))
  expect(() => linalg.syrk({ trans: true, n: -1, k: 1, a, c: a })).toThrow(code('INVALID_ARGUMENT'))
  expect(() => linalg.potrf({ uplo: 'L', n: 2, a, lda: 1 })).toThrow(code('INVALID_ARGUMENT'))
  expect(() => linalg.potrf({ uplo: 'L', n: 2, a, aOffset: 1 })).toThrow(code('INVALID_ARGUMENT'))
  expect(() => linalg.trtri({ uplo: 'L', n: 1.5, a })).toThrow(code('INVALID_ARGUMENT'))
})

test('letters that BLAS does not have are named', async () => {
  const linalg = await createLinalg()
  const a = Float64Array.of(4, 0, 0, 4)
  const said = (message: string) => expect.objectContaining({ code: 'INVALID_ARGUMENT', message })
  expect(() => linalg.potrf({ uplo: 'l' as 'L', n: 2, a })).toThrow(said(`potrf: uplo is "l"; give 'L' or 'U'`))
  const whole = { side: 'L', uplo: 'U', transA: false, diag: 'N', m: 2, n: 2, a, b: a.slice() } as const
  linalg.trsm(whole)
  for (const [key, either] of Object.entries({ side: `'L' or 'R'`, uplo: `'L' or 'U'`, diag: `'N' or 'U'` })) {
    expect(() => linalg.trsm({ ...whole, [key]: 'x' })).toThrow(said(`trsm: ${key} is "x"; give ${either}`))
  }
})

test.each([NaN, 0, -1, '1e6', null])('a memory limit of %p is INVALID_ARGUMENT', async (limit) => {
  await expect(createLinalg({ memoryLimit: limit as number })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining(`memoryLimit is ${limit}`),
  })
})

test('memory that cannot be had is OUT_OF_MEMORY, and later calls work', async () => {
  const linalg = await createLinalg({ memoryLimit: 1 << 20 })
  const big = new Float64Array(500 * 500)
  expect(() => linalg.potrf({ uplo: 'L', n: 500, a: big })).toThrow(code('OUT_OF_MEMORY'))
  const a = Float64Array.of(4)
  for (let i = 0; i < 3; i++) linalg.potrf({ uplo: 'L', n: 1, a })
  expect(a[0]).toBeCloseTo(4 ** (1 / 8), 15)
})

test('memory stays bounded whatever the depth: a Gram matrix of 400 000 positions in 4 MB', async () => {
  const linalg = await createLinalg({ memoryLimit: 4 << 20 })
  const [n, k] = [8, 400_000]
  const a = new Float32Array(n * k).fill(0.5)
  const c = new Float32Array(n * n)
  linalg.syrk({ trans: true, n, k, a, c })
  expect([...new Set(c)]).toEqual([k / 4])
})

test('after dispose every call is DISPOSED', async () => {
  const linalg = await createLinalg()
  linalg.dispose()
  linalg.dispose()
  const a = new Float64Array(1)
  expect(() => linalg.potrf({ uplo: 'L', n: 1, a })).toThrow(code('DISPOSED'))
  expect(() => linalg.gemm({ m: 1, n: 1, k: 1, a, b: a, c: a })).toThrow(code('DISPOSED'))
})
