import { budgetOf, zerosOf } from '../counts.js'
import { damp, type DampedProblem } from '../damp.js'
import type { MethodContext } from '../method.js'
import { createNumerics, type Numerics } from '../numerics.js'
import { parsePattern } from '../pattern.js'
import { golden, type Golden } from '../testing/golden.js'
import { goldenProblem, worst } from '../testing/problems.js'
import { exactObs, fromTrace, traceObs } from './exact-obs.js'
import { groupObs } from './group-obs.js'

let numerics: Numerics
beforeAll(async () => {
  numerics = await createNumerics()
})
afterAll(() => numerics.dispose())

const names = ['tiny4x8', 'tiny6x16', 'mid16x64', 'deficient24x96', 'dead8x32', 'conv12x54', 'ties4x8', 'illcond6x24']

/** The golden runs start from W, which W* = BH⁻¹ is but for the rounding of B, times the condition of H. */
function damped(data: Golden): DampedProblem {
  const problem = damp(numerics, goldenProblem(data), { damp: (data.json as unknown as { damp: number }).damp })
  expect(problem.escalations).toBe(0)
  return { ...problem, target: data.tensor('W') }
}

function contextOf(problem: DampedProblem, text: string, percent = 0): MethodContext {
  const pattern = parsePattern(text)
  const { rows, cols } = problem.problem
  const budget = budgetOf(rows, cols, pattern, percent / 100)
  return { linalg: numerics, problem, pattern, budget, blockSize: 128, deadInputs: 'plain' }
}

/** Relative, and absolute below `scale` times 1e-15, where nothing is left but rounding. */
function expectClose(actual: ArrayLike<number>, expected: Float64Array, tolerance: number, scale: number) {
  expect(actual.length).toBe(expected.length)
  expected.forEach((e, i) => expect(Math.abs(actual[i] - e)).toBeLessThanOrEqual(tolerance * e + 1e-15 * scale))
}

const plain = (values: ArrayLike<number>) => Array.from(values)

describe.each(names)('%s', (name) => {
  const data = golden(name)
  if (!data) return test('golden data is not here', () => undefined)
  const { rows, cols, results } = data.json
  const largest = data.tensor('W').reduce((most, w) => Math.max(most, Math.abs(w)), 0)
  const stored32 = ['mid16x64', 'deficient24x96', 'conv12x54'].includes(name)
  const weights = (stored32 || name === 'illcond6x24' ? 1e-6 : 1e-8) * largest
  const loss = name === 'illcond6x24' ? 1e-6 : 1e-8
  const scale = data.tensor('obs.loss').reduce((sum, l) => sum + l, 0)

  test('orders and losses to the empty row', () => {
    const trace = traceObs(contextOf(damped(data), 'unstructured'))
    expect(plain(trace.order)).toEqual(plain(data.tensor('obs.order')))
    expectClose(trace.losses, data.tensor('obs.loss'), loss, scale)
    if (data.has('exact.loss')) {
      expect(plain(trace.order)).toEqual(plain(data.tensor('exact.order')))
      expectClose(trace.losses, data.tensor('exact.loss'), loss, scale)
    }
    for (const percent of [50, 75, 90].filter((p) => data.has(`obs.uniform.${p}.mask`))) {
      const mask = new Uint8Array(rows * cols).fill(1)
      trace.order.forEach((j, i) => {
        if (i % cols < zerosOf(cols, percent / 100)) mask[i - (i % cols) + j] = 0
      })
      expect(plain(mask)).toEqual(plain(data.tensor(`obs.uniform.${percent}.mask`)))
    }
  })

  test('one budget for the layer, run for it and from the trace', () => {
    const problem = damped(data)
    const trace = traceObs(contextOf(problem, 'unstructured'))
    for (const percent of [50, 75, 90].filter((p) => data.has(`obs.global.${p}.mask`))) {
      const context = contextOf(problem, 'unstructured', percent)
      for (const result of [exactObs(context), fromTrace(context, trace)]) {
        expect(plain(result.mask)).toEqual(plain(data.tensor(`obs.global.${percent}.mask`)))
        expect(worst(result.weights, data.tensor(`obs.global.${percent}.W`))).toBeLessThanOrEqual(weights)
        expectClose([result.loss], Float64Array.of(results[`obs.${percent}`].global_error), loss, 0)
      }
    }
  })

  const nm = data.names().filter((key) => /^nm\..*\.mask$/.test(key))
  if (nm.length > 0) {
    test.each(nm)('%s', (key) => {
      const run = key.slice(0, -'.mask'.length)
      const result = exactObs(contextOf(damped(data), run.slice('nm.'.length).replace('of', ':')))
      expect(plain(result.mask)).toEqual(plain(data.tensor(key)))
      expect(worst(result.weights, data.tensor(`${run}.W`))).toBeLessThanOrEqual(weights)
      expectClose([result.loss], Float64Array.of(results[run].error), loss, 0)
    })
  }

  const blocks = data.names().filter((key) => /^block\..*\.order$/.test(key))
  test.each(blocks)('%s', (key) => {
    const text = key.split('.')[1]
    const problem = damped(data)
    const trace = traceObs(contextOf(problem, text))
    expect(plain(trace.order)).toEqual(plain(data.tensor(key)))
    expectClose(trace.losses, data.tensor(`block.${text}.loss`), loss, scale)
    for (const percent of [50, 75]) {
      const run = `block.${text}.${percent}`
      const result = exactObs(contextOf(problem, text, percent))
      expect(plain(result.mask)).toEqual(plain(data.tensor(`${run}.mask`)))
      expect(worst(result.weights, data.tensor(`${run}.W`))).toBeLessThanOrEqual(weights)
      expectClose([result.loss], Float64Array.of(results[run].error), loss, 0)
    }
  })

  if (data.has('struct.order')) {
    test('structured', () => {
      const problem = damped(data)
      const { groups, W_after_is_after_removing: counts } = (
        data.json as unknown as { struct: { groups: number[][]; W_after_is_after_removing: number[] } }
      ).struct
      const sets = groups.map((group) => Int32Array.from(group))
      const all = groupObs(numerics, problem, sets, groups.length)
      expect(plain(all.order)).toEqual(plain(data.tensor('struct.order')))
      expectClose(all.losses, data.tensor('struct.loss'), loss, 0)
      expect(all.weights.every((w) => w === 0)).toBe(true)
      const after = data.tensor('struct.W_after')
      counts.forEach((count, i) => {
        const result = groupObs(numerics, problem, sets, count)
        expect(plain(result.order)).toEqual(plain(all.order.subarray(0, count)))
        expect(worst(result.weights, after.subarray(i * rows * cols))).toBeLessThanOrEqual(weights)
      })
    })
  }
})

test('inputs that are always 0 leave first', () => {
  const data = golden('dead8x32')
  if (!data) return
  const { rows, cols } = data.json
  const context: MethodContext = { ...contextOf(damped(data), 'unstructured', 50), deadInputs: 'first' }
  const trace = traceObs(context)
  const order = data.tensor('deadfirst.order')
  for (let row = 0; row < rows; row++) {
    // In the golden data their three removals are the first of each row; here they are no removals.
    expect(plain(order.subarray(row * cols, row * cols + 3))).toEqual([3, 17, 30])
    const live = trace.order.subarray(row * cols, (row + 1) * cols - 3)
    expect(plain(live)).toEqual(plain(order.subarray(row * cols + 3, (row + 1) * cols)))
  }
  const losses = data.tensor('deadfirst.loss').filter((_, i) => i % cols >= 3)
  expectClose(
    trace.losses.filter((_, i) => i % cols < cols - 3),
    losses,
    1e-8,
    losses.reduce((sum, l) => sum + l, 0),
  )
})

test('the target of a dense stream', () => {
  const data = golden('densestream12x48')
  if (!data) return
  const problem = damp(numerics, goldenProblem(data, 'Xs', 'Xd'))
  const trace = traceObs(contextOf(problem, 'unstructured'))
  expect(plain(trace.order)).toEqual(plain(data.tensor('prox.order')))
  expectClose(trace.losses, data.tensor('prox.loss'), 1e-8, 0)
  for (const percent of [50, 75, 90]) {
    const result = fromTrace(contextOf(problem, 'unstructured', percent), trace)
    expect(plain(result.mask)).toEqual(plain(data.tensor(`prox.${percent}.mask`)))
    expect(worst(result.weights, data.tensor(`prox.${percent}.W`))).toBeLessThanOrEqual(1e-8)
  }
})

test('a bias: the mask on the centred problem', () => {
  const data = golden('bias8x24')
  if (!data) return
  const given = goldenProblem(data)
  const mean = given.h.reduce((sum, v, i) => sum + (i % 25 === 0 ? v / 24 : 0), 0)
  const problem = damp(numerics, given, { damp: data.json.lam! / mean })
  for (const percent of [50, 75, 90]) {
    const result = exactObs(contextOf(problem, 'unstructured', percent))
    expect(plain(result.mask)).toEqual(plain(data.tensor(`${percent}.mask`)))
    expect(worst(result.weights, data.tensor(`${percent}.W`))).toBeLessThanOrEqual(1e-8)
  }
})
