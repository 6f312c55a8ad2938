import { createLinalg } from '@tacojs/linalg'
import fc from 'fast-check'
import { keptOfGroup } from './counts.js'
import { damp, type DampedProblem } from './damp.js'
import { methods, type MethodName } from './methods.js'
import { createNumerics, type Numerics } from './numerics.js'
import { parsePattern, type Pattern } from './pattern.js'
import type { LayerProblem } from './problem.js'
import { fitMask, refit } from './refit.js'
import { solveLayer, type Solution, type SolveOptions } from './solve-layer.js'
import {
  collinearProblem,
  exactProblem,
  multiply,
  plainLoss,
  random,
  randomProblem,
  transpose,
  worst,
} from './testing/problems.js'

let linalg: Numerics
beforeAll(async () => {
  linalg = await createNumerics()
})
afterAll(() => linalg.dispose())

const names = Object.keys(methods) as MethodName[]
const method = fc.constantFrom(...names)
const problem = fc
  .record({
    rows: fc.integer({ min: 1, max: 7 }),
    cols: fc.integer({ min: 1, max: 26 }),
    positions: fc.integer({ min: 1, max: 40 }),
    seed: fc.nat(1000),
    dead: fc.array(fc.nat(25), { maxLength: 6 }),
    bias: fc.boolean(),
  })
  .map(({ rows, cols, positions, ...options }) => randomProblem(rows, cols, positions, options))
const sparsity = fc.oneof(fc.constantFrom(0, 1, 0.5, 0.75, 0.9), fc.double({ min: 0, max: 1, noNaN: true }))
const runs = { numRuns: 60 }

const solve = (layer: LayerProblem, options: Partial<SolveOptions>) =>
  solveLayer(linalg, layer, {
    method: 'fastobc',
    pattern: { kind: 'unstructured' },
    sparsity: 0.5,
    blockSize: 5,
    ...options,
  })

const zeros = (mask: Uint8Array) => mask.reduce((sum, kept) => sum + 1 - kept, 0)

test('unstructured: exactly the zeros asked for, whatever the inputs; the weights are 0 there and finite elsewhere', () => {
  fc.assert(
    fc.property(
      problem,
      method,
      sparsity,
      fc.constantFrom('first' as const, 'plain' as const),
      (layer, method, sparsity, deadInputs) => {
        const result = solve(layer, { method, sparsity, deadInputs })
        const count = layer.rows * layer.cols
        expect(zeros(result.mask)).toBe(Math.floor(count * sparsity + 1e-9))
        expect(result.nonzeros).toBe(count - zeros(result.mask))
        result.weights.forEach((w, i) => expect(result.mask[i] ? Number.isFinite(w) : w === 0).toBe(true))
      },
    ),
    runs,
  )
})

test('n:m: every group of every row keeps n, the tail its part', () => {
  fc.assert(
    fc.property(problem, method, fc.constantFrom('2:4', '1:4', '1:2', '3:7'), (layer, method, text) => {
      const pattern = parsePattern(text)
      if (pattern.kind !== 'nm') throw new Error(text)
      const { mask, nonzeros } = solve(layer, { method, pattern, sparsity: undefined })
      let total = 0
      for (let row = 0; row < layer.rows; row++) {
        for (let from = 0; from < layer.cols; from += pattern.m) {
          const to = Math.min(from + pattern.m, layer.cols)
          const kept = mask.subarray(row * layer.cols + from, row * layer.cols + to).reduce((sum, k) => sum + k, 0)
          expect(kept).toBe(keptOfGroup(to - from, pattern.n, pattern.m))
          total += kept
        }
      }
      expect(nonzeros).toBe(total)
    }),
    runs,
  )
})

test.each(['4x1', '2x1', '1x4', '2x3'])('%s: whole blocks, as many as asked for, smaller ones at the edges', (text) => {
  const pattern = parsePattern(text)
  if (pattern.kind !== 'block') throw new Error(text)
  fc.assert(
    fc.property(problem, method, sparsity, (layer, method, sparsity) => {
      const { mask, weights } = solve(layer, { method, pattern, sparsity })
      const blocks = blockSums(mask, layer, pattern)
      for (const { held, size } of blocks) expect([0, size]).toContain(held)
      expect(blocks.filter(({ held }) => held === 0)).toHaveLength(Math.floor(blocks.length * sparsity + 1e-9))
      weights.forEach((w, i) => expect(mask[i] ? Number.isFinite(w) : w === 0).toBe(true))
    }),
    runs,
  )
})

test('a warm start: its zeros stay and count, whatever the pattern', () => {
  const patterns = fc.constantFrom('unstructured', '2:4', '4x1', '1x3').map(parsePattern)
  fc.assert(
    fc.property(problem, method, sparsity, patterns, fc.double({ min: 0, max: 1, noNaN: true }), (...drawn) => {
      const [layer, method, sparsity, pattern, density] = drawn
      const next = random(layer.rows + 31 * layer.cols)
      const allowed = Uint8Array.from(layer.weights, () => (next() < density ? 1 : 0))
      const { mask, nonzeros } = solve(layer, { method, pattern, sparsity, allowed })
      mask.forEach((kept, i) => expect(kept).toBeLessThanOrEqual(allowed[i]))
      expect(nonzeros).toBe(layer.rows * layer.cols - zeros(mask))
      if (pattern.kind === 'unstructured') {
        const asked = Math.floor(mask.length * sparsity + 1e-9)
        expect(zeros(mask)).toBe(Math.max(asked, zeros(allowed)))
      } else if (pattern.kind === 'nm') {
        const shape = { rows: 1, cols: pattern.m }
        const free = blockSums(allowed, layer, shape)
        blockSums(mask, layer, shape).forEach(({ held, size }, g) =>
          expect(held).toBe(Math.min(free[g].held, keptOfGroup(size, pattern.n, pattern.m))),
        )
      } else {
        const free = blockSums(allowed, layer, pattern)
        const blocks = blockSums(mask, layer, pattern)
        blocks.forEach(({ held }, b) => expect([0, free[b].held]).toContain(held))
        const gone = (list: { held: number }[]) => list.filter(({ held }) => held === 0).length
        expect(gone(blocks)).toBe(Math.max(Math.floor(blocks.length * sparsity + 1e-9), gone(free)))
      }
    }),
    runs,
  )
})

/** Of each block of the layer, down and across: its weights, and those that a mask keeps. */
function blockSums(mask: Uint8Array, { rows, cols }: LayerProblem, shape: { rows: number; cols: number }) {
  const blocks: { held: number; size: number }[] = []
  for (let top = 0; top < rows; top += shape.rows) {
    for (let left = 0; left < cols; left += shape.cols) {
      const block = { held: 0, size: 0 }
      for (let i = top; i < Math.min(rows, top + shape.rows); i++) {
        for (let j = left; j < Math.min(cols, left + shape.cols); j++) {
          block.held += mask[i * cols + j]
          block.size++
        }
      }
      blocks.push(block)
    }
  }
  return blocks
}

test('loss, error and floor are what plain loops give', () => {
  fc.assert(
    fc.property(problem, method, sparsity, fc.boolean(), (layer, method, sparsity, refit) => {
      const result = solve(layer, { method, sparsity, refit })
      const { target } = damp(linalg, layer)
      const loss = plainLoss(layer, result.lambda, target, result.weights)
      const scale = plainLoss(layer, result.lambda, target, new Float64Array(target.length))
      expect(Math.abs(result.loss - loss)).toBeLessThanOrEqual(1e-8 * loss + 1e-12 * scale)
      const error = (v: Float64Array) => {
        const product = multiply(v, layer.h, layer.cols)
        return v.reduce((sum, w, i) => sum + w * (product[i] - 2 * layer.b[i]), layer.yy)
      }
      expect(Math.abs(result.error - error(result.weights))).toBeLessThanOrEqual(1e-8 * layer.yy + 1e-12 * scale)
      expect(Math.abs(result.floor - error(target))).toBeLessThanOrEqual(1e-8 * layer.yy + 1e-12 * scale)
    }),
    runs,
  )
})

test('refit never raises the loss, keeps the mask, and both ways of it agree', () => {
  const relative = fc.constantFrom(0.1, 0.01, 1e-3, 1e-4, 1e-5)
  fc.assert(
    fc.property(problem, method, sparsity, relative, (layer, method, sparsity, relative) => {
      const [plain, refitted] = [false, true].map((refit) => solve(layer, { method, sparsity, refit, damp: relative }))
      expect(refitted.loss).toBeLessThanOrEqual(plain.loss * (1 + 1e-12))
      expect(refitted.mask).toEqual(plain.mask)
      const fits = ['magnitude', 'fastobc'].includes(method)
      // what has fitted the weights itself pays no heed to refit
      if (fits) expect(plain.refit).toBe('none')
      else expect(plain.weights).toEqual(refitted.weights)
      checkBothWays(damp(linalg, layer, { damp: relative }), plain)
    }),
    runs,
  )
})

test.each([
  ['shared', 1e-3],
  ['shared', 1e-4],
  ['shared', 1e-5],
  ['decaying', 1e-3],
  ['decaying', 1e-5],
] as const)('both ways of refit agree where inputs are nearly collinear: %s, damp %f', (kind, relative) => {
  const layer = collinearProblem(6, 60, 240, kind)
  for (const method of ['magnitude', 'fastobc'] as const) {
    for (const sparsity of [0.1, 0.6]) {
      const plain = solve(layer, { method, sparsity, refit: false, damp: relative })
      checkBothWays(damp(linalg, layer, { damp: relative }), plain)
    }
  }
})

/** Of a mask, Cholesky and conjugate gradients lose the same, row by row, whatever they start from. */
function checkBothWays(damped: DampedProblem, { mask, weights, loss }: Solution): void {
  const size = plainLoss(damped.problem, damped.lambda, damped.target, new Float64Array(mask.length))
  const [exact, near, fromMask] = [
    refit(linalg, damped, { mask, weights, loss }, { kind: 'cholesky' }),
    refit(linalg, damped, { mask, weights, loss }, { kind: 'conjugate-gradient' }),
    fitMask(linalg, damped, mask, { kind: 'conjugate-gradient' }),
  ]
  for (const other of [near, fromMask]) {
    other.rowLosses!.forEach((rowLoss, row) => {
      expect(rowLoss).toBeLessThanOrEqual(exact.rowLosses![row] * (1 + 5e-6) + 1e-12 * size)
      expect(rowLoss).toBeGreaterThanOrEqual(exact.rowLosses![row] * (1 - 1e-9) - 1e-12 * size)
    })
  }
}

test('permuting the rows permutes the result', () => {
  const layer = randomProblem(6, 20, 60, { seed: 3 })
  const order = [3, 0, 5, 1, 4, 2]
  const permute = (v: Float64Array, width: number) =>
    Float64Array.from(v, (_, i) => v[order[Math.floor(i / width)] * width + (i % width)])
  const permuted = {
    ...layer,
    weights: permute(layer.weights, 20),
    b: permute(layer.b, 20),
    yMean: permute(layer.yMean, 1),
  }
  for (const method of names) {
    const [a, b] = [layer, permuted].map((problem) => solve(problem, { method, sparsity: 0.7 }))
    expect(permute(Float64Array.from(a.mask), 20)).toEqual(Float64Array.from(b.mask))
    expect(worst(permute(a.weights, 20), b.weights)).toBeLessThan(1e-10)
    expect(worst(permute(a.bias!, 1), b.bias!)).toBeLessThan(1e-10)
    expect(Math.abs(a.loss - b.loss)).toBeLessThan(1e-10 * a.loss)
  }
})

test('the weights of dead inputs go first', () => {
  const layer = randomProblem(4, 12, 50, { dead: [2, 7] })
  for (const method of names) {
    const { mask } = solve(layer, { method, sparsity: 0.25 })
    for (let row = 0; row < 4; row++) expect([mask[row * 12 + 2], mask[row * 12 + 7]]).toEqual([0, 0])
    // 8 of the 12 zeros are theirs; asked for 6, no live weight goes.
    const few = solve(layer, { method, sparsity: 0.125 })
    expect(zeros(few.mask)).toBe(6)
    few.mask.forEach((kept, i) => expect(kept || [2, 7].includes(i % 12)).toBeTruthy())
  }
})

/** Inputs in units of 10^−20 to 10^20 of each other. */
function wideRange(): LayerProblem {
  const layer = randomProblem(3, 8, 20)
  const scale = (j: number) => 10 ** ((40 / 7) * (j % 8) - 20)
  return {
    ...layer,
    h: layer.h.map((v, i) => v * scale(i) * scale(Math.floor(i / 8))),
    b: layer.b.map((v, i) => v * scale(i)),
    weights: layer.weights.map((v, i) => v / scale(i)),
    xMean: layer.xMean.map((v, j) => v * scale(j)),
  }
}

const extremes: Readonly<Record<string, () => LayerProblem>> = {
  'one position': () => randomProblem(3, 8, 1),
  'fewer positions than inputs': () => randomProblem(5, 18, 4),
  'no input that varies': () => randomProblem(3, 8, 20, { dead: [0, 1, 2, 3, 4, 5, 6, 7], drift: 0 }),
  'dead inputs': () => randomProblem(3, 8, 20, { dead: [0, 5] }),
  'a huge range': wideRange,
  'weights that are 0': () => {
    const layer = randomProblem(3, 8, 20)
    return { ...layer, weights: new Float64Array(24), b: new Float64Array(24), yy: 0 }
  },
  'a single weight': () => randomProblem(1, 1, 10),
}

test.each(Object.keys(extremes))('%s: finite, exactly 0 where pruned, and as many as asked for', (name) => {
  const layer = extremes[name]()
  for (const method of names) {
    for (const text of ['unstructured', '2:4', '2x1', '1x4']) {
      for (const sparsity of [0, 0.6, 1]) {
        for (const damp of [0, 0.01]) {
          const pattern = parsePattern(text)
          const result = solve(layer, { method, pattern, sparsity, damp })
          const figures = [result.loss, result.error, result.relativeError, result.floor, ...(result.bias ?? [])]
          expect([...figures, ...result.weights].every(Number.isFinite)).toBe(true)
          result.weights.forEach((w, i) => expect(result.mask[i] === 1 || w === 0).toBe(true))
          if (text === 'unstructured') expect(zeros(result.mask)).toBe(Math.floor(result.mask.length * sparsity + 1e-9))
        }
      }
    }
  }
})

test('without damping, what is singular is damped, and that is told', () => {
  const singular = solve(randomProblem(3, 8, 1), { damp: 0 })
  expect(singular.escalations).toBeGreaterThan(0)
  expect(singular.lambda).toBeGreaterThan(0)
  // one that is too small to help is no obstacle
  const few = randomProblem(3, 8, 3)
  expect(solve(few, { damp: 1e-40 }).lambda).toBe(solve(few, { damp: 0 }).lambda)
  const still = solve(extremes['no input that varies'](), {})
  expect([zeros(still.mask), still.error, still.relativeError]).toEqual([12, 0, 0])
})

test('inputs that are combinations of others, undamped: λ is raised, and no row that keeps weights is emptied', () => {
  const x = Float64Array.of(0, 0, 0, 0.8, 0.4, 0.2, 0.4, 0.4, 0.3, 0, 0.3, 0.3)
  const weights = Float64Array.of(1, 2, 3, 4)
  const outputs = (inputs: Float64Array, w: Float64Array, cols: number) => multiply(inputs, transpose(w, cols), cols)
  const layers = [exactProblem(weights, x, outputs(x, weights, 4), 4, false)]
  const next = random(3)
  for (let cols = 3; cols < 30; cols++) {
    const some = Float64Array.from({ length: cols * cols }, (_, i) => (i % cols === cols - 1 ? 0 : next() - 0.5))
    // the last input is the first once more
    for (let i = 0; i < some.length; i += cols) some[i + cols - 1] = some[i]
    const w = Float64Array.from({ length: 3 * cols }, () => next() - 0.5)
    layers.push(exactProblem(w, some, outputs(some, w, cols), cols, false))
  }
  for (const layer of layers) {
    for (const method of names) {
      const { weights, mask, escalations, relativeError } = solve(layer, { method, sparsity: 0.25, damp: 0 })
      expect(escalations).toBeGreaterThan(0)
      expect(relativeError).toBeLessThan(0.5)
      for (let from = 0; from < mask.length; from += layer.cols) {
        const kept = mask.subarray(from, from + layer.cols).includes(1)
        expect(weights.subarray(from, from + layer.cols).some((w) => w !== 0)).toBe(kept)
      }
    }
  }
})

test.each([
  [{ sparsity: 1.2 }, 'sparsity 1.2'],
  [{ sparsity: -0.1 }, 'sparsity -0.1'],
  [{ sparsity: NaN }, 'sparsity NaN'],
  [{ sparsity: undefined }, 'sparsity undefined'],
  [{ damp: -1 }, 'damp -1'],
  [{ damp: 1e7 }, 'damp 10000000: give a number from 0 to 1000000'],
  [{ rho: 1e39 }, 'rho 1e+39'],
  [{ pattern: '2:4' as unknown as Pattern }, 'pattern "2:4": give what parsePattern makes'],
  [{ pattern: { kind: 'foo' } as unknown as Pattern }, 'pattern {"kind":"foo"}'],
  [{ pattern: { kind: 'nm', n: 2, m: 0 } satisfies Pattern }, 'pattern {"kind":"nm","n":2,"m":0}'],
  [{ pattern: { kind: 'nm', n: 1.5, m: 4 } satisfies Pattern }, 'pattern'],
  [{ pattern: { kind: 'block' } as unknown as Pattern }, 'pattern {"kind":"block"}'],
  [{ blockSize: 0 }, 'blockSize 0'],
  [{ method: 'toString' as 'magnitude' }, 'method "toString"'],
  [{ rho: [0.7, -1] }, 'rho 0.7, -1'],
  [{ rho: [] }, 'rho'],
  [{ rho: '0.7' as unknown as number }, 'rho 0.7: give numbers'],
  [{ rho: ['1'] as unknown as number[] }, 'rho 1: give numbers'],
  [{ rho: null as unknown as number }, 'rho null'],
  [{ damp: null as unknown as number }, 'damp null'],
  [{ damp: '0.1' as unknown as number }, 'damp 0.1'],
  [{ sparsity: null as unknown as number }, 'sparsity null'],
  [{ pattern: undefined as unknown as Pattern }, 'pattern undefined'],
  [{ pattern: null as unknown as Pattern }, 'pattern null'],
  [{ deadInputs: 'last' as 'first' }, 'deadInputs "last"'],
  [{ allowed: new Uint8Array(8).fill(2) }, 'allowed[0] is 2'],
  [{ allowed: new Float32Array(8).fill(0.5) as unknown as Uint8Array }, 'allowed[0] is 0.5'],
])('%o is refused', (options, message) => {
  const layer = randomProblem(2, 4, 9)
  expect(() => solve(layer, options)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) }),
  )
})

test('NaN in a problem is named; a raised signal ends the work', () => {
  const layer = randomProblem(2, 4, 9)
  const b = layer.b.with(5, NaN)
  expect(() => solve({ ...layer, b }, {})).toThrow(
    expect.objectContaining({ code: 'NUMERICAL', message: expect.stringContaining('b[1, 1] is NaN') }),
  )
  expect(() => solve(layer, { signal: AbortSignal.abort() })).toThrow(expect.objectContaining({ code: 'ABORTED' }))
})

test('what a method needs is said: kernels, single weights for swaps, as many flags as weights', async () => {
  const layer = randomProblem(2, 4, 9)
  expect(() => solve(layer, { pattern: parsePattern('2x1'), swaps: true })).toThrow(
    expect.objectContaining({ code: 'UNSUPPORTED' }),
  )
  expect(() => solve(layer, { allowed: new Uint8Array(3) })).toThrow(
    expect.objectContaining({ code: 'SHAPE_MISMATCH' }),
  )
  const plain = await createLinalg()
  const options = { method: 'auto', pattern: { kind: 'unstructured' }, sparsity: 0.5 } as const
  expect(() => solveLayer(plain, layer, options)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('createNumerics') }),
  )
  plain.dispose()
})
