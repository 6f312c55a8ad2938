import fc from 'fast-check'
import { budgetOf } from '../counts.js'
import { damp, type DampedProblem } from '../damp.js'
import { excess } from '../loss.js'
import type { MethodContext } from '../method.js'
import { createNumerics, type Numerics } from '../numerics.js'
import { parsePattern } from '../pattern.js'
import type { LayerProblem } from '../problem.js'
import { refit } from '../refit.js'
import { bestLoss } from '../testing/brute-force.js'
import { random, randomProblem, worst } from '../testing/problems.js'
import { cascade } from './cascade.js'
import { exactObs, fromTrace, traceObs } from './exact-obs.js'
import { loadObs } from './kernels.js'

let numerics: Numerics
beforeAll(async () => {
  numerics = await createNumerics()
})
afterAll(() => numerics.dispose())

function contextOf(
  layer: LayerProblem | DampedProblem,
  text: string,
  sparsity: number | undefined,
  more: Partial<MethodContext> = {},
): MethodContext {
  const problem = 'target' in layer ? layer : damp(numerics, layer)
  const pattern = parsePattern(text)
  const { rows, cols } = problem.problem
  const budget = budgetOf(rows, cols, pattern, sparsity, more.allowed)
  return { linalg: numerics, problem, pattern, budget, blockSize: 16, deadInputs: 'first', ...more }
}

const zeros = (mask: Uint8Array) => mask.reduce((sum, kept) => sum + 1 - kept, 0)
const runs = { numRuns: 40 }

const small = fc
  .record({
    rows: fc.integer({ min: 1, max: 5 }),
    cols: fc.integer({ min: 1, max: 9 }),
    positions: fc.integer({ min: 1, max: 30 }),
    seed: fc.nat(1000),
  })
  .map(({ rows, cols, positions, seed }) => randomProblem(rows, cols, positions, { seed }))

const allowedOf = (rows: number, cols: number, seed: number, share: number) => {
  const next = random(seed)
  return Uint8Array.from({ length: rows * cols }, () => (next() < share ? 1 : 0))
}

/** Follows a trace: each removal must be the one that raises the best loss of what is left the least, by as much as noted. */
function checkTrace(context: MethodContext, height: number, width: number, allowed?: Uint8Array, m?: [number, number]) {
  const { problem } = context
  const { rows, cols } = problem.problem
  const trace = traceObs(context)
  for (let g = 0; g < trace.down; g++) {
    const own = Array.from({ length: Math.min(height, rows - g * height) }, (_, r) => g * height + r)
    const columnsOf = (unit: number) =>
      Array.from({ length: Math.min(width, cols - unit * width) }, (_, k) => unit * width + k)
    let left = Array.from({ length: trace.across }, (_, u) => u).filter((u) => !allowed || allowed[g * cols + u])
    const loss = (units: number[]) => bestLoss(problem, own, units.flatMap(columnsOf))
    const scale = loss([])
    for (let k = 0; k < trace.known[g]; k++) {
      const before = loss(left)
      const kept = (u: number) => left.filter((v) => Math.floor(v / m![1]) === Math.floor(u / m![1])).length
      const candidates = m ? left.filter((u) => kept(u) > m[0]) : left
      const rises = candidates.map((u) => loss(left.filter((v) => v !== u)) - before)
      const unit = trace.order[g * trace.across + k]
      const rise = rises[candidates.indexOf(unit)]
      const limit = 1e-7 * rise + 1e-11 * scale
      expect(Math.abs(trace.losses[g * trace.across + k] - rise)).toBeLessThanOrEqual(limit)
      expect(rise).toBeLessThanOrEqual(Math.min(...rises) + limit)
      left = left.filter((u) => u !== unit)
    }
    const stay = m
      ? left.filter((u) => left.filter((v) => Math.floor(v / m[1]) === Math.floor(u / m[1])).length > m[0])
      : left
    expect(stay).toEqual([])
  }
}

test('each removal is the cheapest one, and costs what is noted: single weights, blocks, n:m', () => {
  fc.assert(
    fc.property(small, (layer) => {
      const plain = { deadInputs: 'plain' } as const
      checkTrace(contextOf(layer, 'unstructured', 0.5, plain), 1, 1)
      for (const text of ['4x1', '1x4', '2x3']) {
        const [height, width] = text.split('x').map(Number)
        checkTrace(contextOf(layer, text, 0.5, plain), height, width)
      }
      if (layer.cols % 4 === 0) checkTrace(contextOf(layer, '2:4', undefined, plain), 1, 1, undefined, [2, 4])
    }),
    { numRuns: 25 },
  )
})

test('a warm start: rows go on from the best weights of their own supports', () => {
  fc.assert(
    fc.property(small, fc.nat(1000), (layer, seed) => {
      const allowed = allowedOf(layer.rows, layer.cols, seed, 0.6)
      const context = contextOf(layer, 'unstructured', 0.8, { allowed, deadInputs: 'plain' })
      checkTrace(context, 1, 1, allowed)
      const { mask, weights } = exactObs(context)
      mask.forEach((kept, i) => expect(allowed[i] || !kept).toBeTruthy())
      weights.forEach((w, i) => expect(mask[i] ? Number.isFinite(w) : w === 0).toBe(true))
    }),
    { numRuns: 25 },
  )
})

test('the layer’s budget goes to the row with the smallest next loss', () => {
  fc.assert(
    fc.property(
      small,
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.constantFrom('unstructured', '2x1', '1x2'),
      (layer, sparsity, text) => {
        const context = contextOf(layer, text, sparsity, { deadInputs: 'plain' })
        const trace = traceObs(context)
        const { down, across, losses, order } = trace
        const { budget } = context
        const counts = new Int32Array(down)
        for (let left = down * across - (budget.blocks ?? budget.nonzeros); left > 0; left--) {
          let best = -1
          for (let g = 0; g < down; g++) {
            if (counts[g] === across) continue
            if (best < 0 || losses[g * across + counts[g]] < losses[best * across + counts[best]]) best = g
          }
          counts[best]++
        }
        const [height, width] = text === 'unstructured' ? [1, 1] : text.split('x').map(Number)
        const mask = exactObs(context).mask
        for (let i = 0; i < mask.length; i++) {
          const g = Math.floor(Math.floor(i / layer.cols) / height)
          const unit = Math.floor((i % layer.cols) / width)
          const gone = order.subarray(g * across, g * across + counts[g]).includes(unit)
          expect(mask[i]).toBe(gone ? 0 : 1)
        }
      },
    ),
    runs,
  )
})

test('rows that lose far more than their part are run further, with the same result as a whole trace', () => {
  const layer = randomProblem(12, 40, 80)
  const weights = layer.weights.map((w, i) => (i < 4 * 40 ? 1e-3 * w : w))
  const b = layer.b.map((v, i) => (i < 4 * 40 ? 1e-3 * v : v))
  const problem = damp(numerics, { ...layer, weights, b })
  const whole = traceObs(contextOf(problem, 'unstructured', 0))
  for (const sparsity of [0.05, 0.15, 0.3, 0.34, 0.6]) {
    const context = contextOf(problem, 'unstructured', sparsity)
    const result = exactObs(context)
    expect(Array.from(result.mask)).toEqual(Array.from(fromTrace(context, whole).mask))
    if (sparsity === 0.3) {
      expect(Array.from(result.trace.known.subarray(0, 4))).toEqual([40, 40, 40, 40])
      expect(Math.max(...result.trace.known.subarray(4))).toBeLessThan(40)
    }
  }
})

test('exact counts, zeros and finite weights: rank-deficient, dead and constant inputs, one position', () => {
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
  const dead = fc.constantFrom('first' as const, 'plain' as const)
  fc.assert(
    fc.property(problem, sparsity, dead, fc.constantFrom(exactObs, cascade), (layer, sparsity, deadInputs, method) => {
      const context = contextOf(layer, 'unstructured', sparsity, { deadInputs })
      const result = method(context)
      expect(zeros(result.mask)).toBe(Math.floor(layer.rows * layer.cols * sparsity + 1e-9))
      result.weights.forEach((w, i) => expect(result.mask[i] ? Number.isFinite(w) : w === 0).toBe(true))
      const again = refit(numerics, context.problem, result, { kind: 'cholesky' })
      const empty = excess(numerics, context.problem, new Float64Array(result.weights.length)).loss
      expect(Math.abs(again.loss - result.loss)).toBeLessThanOrEqual(1e-9 * result.loss + 1e-12 * empty)
      for (const text of ['2:4', '1:3']) {
        const { budget, ...groups } = contextOf(layer, text, undefined, { deadInputs })
        expect(layer.rows * layer.cols - zeros(method({ budget, ...groups }).mask)).toBe(budget.nonzeros)
      }
      const blocks = contextOf(layer, '4x3', sparsity, { deadInputs })
      const { mask } = method(blocks)
      let kept = 0
      for (let row = 0; row < layer.rows; row += 4) {
        for (let j = 0; j < layer.cols; j += 3) {
          const block = [...mask.keys()].filter((i) => {
            const [r, c] = [Math.floor(i / layer.cols), i % layer.cols]
            return r >= row && r < row + 4 && c >= j && c < j + 3
          })
          expect(new Set(block.map((i) => mask[i])).size).toBe(1)
          kept += mask[block[0]]
        }
      }
      expect(kept).toBe(blocks.budget.blocks)
    }),
    runs,
  )
})

test('weights and inputs of a huge range', () => {
  const layer = randomProblem(3, 8, 20)
  const scale = (j: number) => 10 ** (4 * (j % 8) - 14)
  const wide = {
    ...layer,
    h: layer.h.map((v, i) => v * scale(i) * scale(Math.floor(i / 8))),
    b: layer.b.map((v, i) => v * scale(i)),
    weights: layer.weights.map((v, i) => v / scale(i)),
  }
  const result = exactObs(contextOf(wide, 'unstructured', 0.5))
  expect([...result.weights, ...result.trace.losses].every(Number.isFinite)).toBe(true)
  expect(zeros(result.mask)).toBe(12)
})

test('permuting the rows permutes the result', () => {
  const layer = randomProblem(5, 20, 60)
  const order = [3, 0, 4, 1, 2]
  const permute = (a: Float64Array, width: number) =>
    a.map((_, i) => a[order[Math.floor(i / width)] * width + (i % width)])
  const permuted = { ...layer, weights: permute(layer.weights, 20), b: permute(layer.b, 20) }
  const [a, b] = [layer, permuted].map((l) => exactObs(contextOf(l, 'unstructured', 0.7)))
  expect(worst(permute(a.weights, 20), b.weights)).toBeLessThan(1e-10)
})

/** f64, each removal applied to all of P at once. */
function plainObs({ problem, target, lambda }: DampedProblem, row: number): number[] {
  const n = problem.cols
  const p = problem.h.slice()
  for (let i = 0; i < n; i++) p[i * n + i] += lambda
  numerics.potrf({ uplo: 'L', n, a: p })
  numerics.potri({ uplo: 'L', n, a: p })
  const w = target.slice(row * n, (row + 1) * n)
  const gone = new Uint8Array(n)
  return Array.from({ length: n }, () => {
    let best = -1
    const score = (j: number) => (w[j] * w[j]) / p[j * n + j]
    for (let j = 0; j < n; j++) if (!gone[j] && (best < 0 || score(j) < score(best))) best = j
    const loss = score(best)
    const column = Float64Array.from({ length: n }, (_, j) => p[j * n + best])
    const share = w[best] / column[best]
    for (let j = 0; j < n; j++) {
      w[j] -= share * column[j]
      const factor = column[j] / column[best]
      for (let i = 0; i < n; i++) p[j * n + i] -= factor * column[i]
    }
    gone[best] = 1
    for (let j = 0; j < n; j++) p[j * n + best] = p[best * n + j] = 0
    w[best] = 0
    return loss
  })
}

test('in f32, above 128 columns: the losses are those of plain f64 loops, and so is what the masks lose', () => {
  const problem = damp(numerics, randomProblem(6, 170, 400))
  const trace = traceObs(contextOf(problem, 'unstructured', 0))
  for (let row = 0; row < 6; row++) {
    const expected = plainObs(problem, row)
    const sums = (losses: ArrayLike<number>) =>
      Array.from(losses).map((_, k, all) => all.slice(0, k + 1).reduce((a, b) => a + b))
    const [ours, theirs] = [sums(trace.losses.subarray(row * 170, (row + 1) * 170)), sums(expected)]
    ours.forEach((sum, k) => expect(Math.abs(sum - theirs[k])).toBeLessThanOrEqual(1e-4 * theirs[k]))
  }
})

test('the sum of the losses is the loss of the refit', () => {
  for (const [rows, cols, text] of [
    [6, 40, 'unstructured'],
    [4, 160, 'unstructured'],
    [8, 150, '4x1'],
    [4, 144, '1x4'],
  ] as const) {
    const context = contextOf(randomProblem(rows, cols, 300), text, 0.75, { deadInputs: 'plain' })
    const { trace, mask, loss } = exactObs(context)
    const [height, width] = text === 'unstructured' ? [1, 1] : text.split('x').map(Number)
    let sum = 0
    for (let g = 0; g < trace.down; g++) {
      for (let k = 0; k < trace.across; k++) {
        const unit = trace.order[g * trace.across + k]
        if (unit >= 0 && !mask[g * height * cols + unit * width]) sum += trace.losses[g * trace.across + k]
      }
    }
    expect(Math.abs(sum / loss - 1)).toBeLessThan(cols > 128 ? 1e-4 : 1e-9)
  }
})

test('the same bits for any number of threads', async () => {
  const team = await loadObs({ threads: 2 })
  // each member of the team takes part in every call
  expect(team.threads).toBe(2)
  let calls = 0
  const several: Numerics = {
    ...numerics,
    eliminate(elimination) {
      calls++
      return team.eliminate(elimination)
    },
  }
  const layers = [randomProblem(13, 160, 300), randomProblem(9, 40, 60)]
  for (const layer of layers) {
    const allowed = allowedOf(layer.rows, layer.cols, 3, 0.6)
    for (const more of [{}, { allowed }]) {
      for (const text of ['unstructured', '2:4', '4x1']) {
        const [one, two] = [numerics, several].map((linalg) =>
          exactObs({ ...contextOf(layer, text, 0.7, more), linalg }),
        )
        expect(two.trace).toEqual(one.trace)
        expect(two.weights).toEqual(one.weights)
      }
    }
  }
  expect(calls).toBeGreaterThanOrEqual(12)
  expect(team.threads).toBe(2)
  team.dispose()
  const both = await createNumerics({ threads: 2 })
  const context = contextOf(layers[0], 'unstructured', 0.7)
  expect(exactObs({ ...context, linalg: both }).weights).toEqual(exactObs(context).weights)
  both.dispose()
})

test('a trace serves its own rows, columns, units and starts, and no others', () => {
  const layer = randomProblem(6, 8, 40, { dead: [3] })
  const allowed = allowedOf(6, 8, 1, 0.7)
  const said = (code: string, message: string) =>
    expect.objectContaining({ code, message: expect.stringContaining(message) })
  const served = (given: MethodContext, traced: MethodContext) => () => fromTrace(given, traceObs(traced))
  const plain = contextOf(layer, 'unstructured', 0.5)
  expect(served(plain, contextOf(layer, 'unstructured', 0.9))().mask).toEqual(exactObs(plain).mask)
  const started = contextOf(layer, 'unstructured', 0.5, { allowed })
  expect(served(started, started)().mask).toEqual(exactObs(started).mask)

  const wider = contextOf(randomProblem(6, 9, 40), 'unstructured', 0.5)
  expect(served(plain, wider)).toThrow(said('SHAPE_MISMATCH', 'the trace is of 6×9 weights, not 6×8'))
  const higher = contextOf(randomProblem(8, 6, 40), 'unstructured', 0.5)
  expect(served(plain, higher)).toThrow(said('SHAPE_MISMATCH', 'the trace is of 8×6 weights'))
  for (const text of ['2x1', '2:4', '1x1']) {
    const other = contextOf(layer, text, 0.5)
    expect(served(plain, other)).toThrow(said('INVALID_ARGUMENT', `the trace is of pattern ${text}, not unstructured`))
  }
  const groups = contextOf(layer, '2:4', undefined)
  expect(served(groups, contextOf(layer, '1:4', undefined))).toThrow(said('INVALID_ARGUMENT', 'pattern 1:4, not 2:4'))
  const others = [
    [plain, started],
    [started, plain],
    [started, contextOf(layer, 'unstructured', 0.5, { allowed: allowedOf(6, 8, 2, 0.7) })],
    [plain, contextOf(layer, 'unstructured', 0.5, { deadInputs: 'plain' })],
    [groups, contextOf(layer, '2:4', undefined, { allowed })],
    [groups, contextOf(layer, '2:4', undefined, { deadInputs: 'plain' })],
  ]
  for (const [given, traced] of others) {
    expect(served(given, traced)).toThrow(said('INVALID_ARGUMENT', 'started from other allowed weights or dead inputs'))
  }
})

test('the cascade keeps to its first method’s support, and is close to ExactOBS', () => {
  const problem = damp(numerics, randomProblem(16, 96, 300))
  for (const text of ['unstructured', '4x1', '1:4']) {
    const context = contextOf(problem, text, 0.8)
    const [whole, quick] = [exactObs(context), cascade(context)]
    expect(zeros(quick.mask)).toBe(zeros(whole.mask))
    expect(quick.loss).toBeLessThan(1.3 * whole.loss)
    let first: Uint8Array | undefined
    const kept = cascade(context, (given) => {
      first = exactObs(given).mask
      return { mask: first, weights: given.problem.target, loss: 0 }
    })
    expect(zeros(first!)).toBeLessThan(zeros(kept.mask))
    // From its own support ExactOBS comes to the same end, where rows share no budget.
    if (text === '1:4') expect(kept.loss).toBeLessThan(1.3 * whole.loss)
    kept.mask.forEach((k, i) => expect(first![i] || !k).toBeTruthy())
  }
})

test('a raised signal ends the work, and disposed numerics say so', async () => {
  const context = contextOf(randomProblem(2, 4, 9), 'unstructured', 0.5, { signal: AbortSignal.abort() })
  expect(() => exactObs(context)).toThrow(expect.objectContaining({ code: 'ABORTED' }))
  const own = await createNumerics()
  own.dispose()
  own.dispose()
  expect(() => own.eliminate({} as never)).toThrow(expect.objectContaining({ code: 'DISPOSED' }))
})
