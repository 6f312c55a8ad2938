import { positive, random, subjects, largest } from './testing/cases.js'

// Hoisted: looking up a global is slow inside jest's sandbox.
const { abs } = Math
const all = await subjects()

describe.each(all)('$name', ({ linalg, eps, array }) => {
  test('posv: A·x gives each right-hand side back, whatever the size', () => {
    for (const n of [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 33, 64, 97, 130]) {
      for (const nrhs of [0, 1, 3]) {
        const exact = positive(n, n)
        const b = random(nrhs * n, 5 + n)
        const [a, x] = [array(exact), array(b)]
        // only the lower triangle may be read
        for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) a[i * n + j] = NaN
        const kept = a.slice()
        linalg.posv({ n, nrhs, a, b: x })
        expect(a).toEqual(kept)
        let worst = 0
        for (let q = 0; q < nrhs; q++) {
          for (let i = 0; i < n; i++) {
            let sum = -b[q * n + i]
            for (let j = 0; j < n; j++) sum += exact[i * n + j] * x[q * n + j]
            worst = Math.max(worst, abs(sum))
          }
        }
        // backward stable: the residual is within 4n·eps of ‖A‖·‖x‖
        expect(worst).toBeLessThanOrEqual(4 * n * eps * n * largest(exact) * (1 + largest(Float64Array.from(x))))
      }
    }
  })

  test('posv: a matrix that is not positive definite is NUMERICAL, and B is untouched', () => {
    const a = array(Float64Array.of(1, 0, 0, 2, 1, 0, 0, 0, 1))
    const b = array(Float64Array.of(1, 2, 3))
    expect(() => linalg.posv({ n: 3, nrhs: 1, a, b })).toThrow(expect.objectContaining({ code: 'NUMERICAL' }))
    expect([...b]).toEqual([1, 2, 3])
    expect(() => linalg.posv({ n: 3, nrhs: 2, a, b })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })
})
