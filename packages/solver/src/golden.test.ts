import { createLinalg, type Linalg } from '@tacojs/linalg'
import { damp, type DampedProblem } from './damp.js'
import { sweepBlocks, fastObc } from './fastobc.js'
import { startChoice } from './choice.js'
import { budgetOf, zerosOf } from './counts.js'
import { errorOf, excess } from './loss.js'
import { magnitude } from './magnitude.js'
import { parsePattern } from './pattern.js'
import { refit } from './refit.js'
import { sweep } from './sweep.js'
import { golden, type Golden } from './testing/golden.js'
import { goldenProblem, worst } from './testing/problems.js'

let linalg: Linalg
beforeAll(async () => {
  linalg = await createLinalg()
})

const names = ['tiny4x8', 'mid16x64', 'deficient24x96', 'dead8x32', 'conv12x54', 'ties4x8', 'illcond6x24']

/** The tolerances of the golden data: weights 1e-8 of max|W| (1e-6 where stored as f32), losses 1e-8 relative. */
function tolerances(data: Golden): { weights: number; loss: number } {
  const scale = data.tensor('W').reduce((most, w) => Math.max(most, Math.abs(w)), 0)
  const narrow = ['mid16x64', 'deficient24x96', 'conv12x54'].includes(data.name)
  const ill = data.name === 'illcond6x24'
  return { weights: (narrow || ill ? 1e-6 : 1e-8) * scale, loss: ill ? 1e-6 : 1e-8 }
}

function damped(data: Golden): DampedProblem {
  const problem = damp(linalg, goldenProblem(data), { damp: (data.json as unknown as { damp: number }).damp })
  expect(problem.escalations).toBe(0)
  expect(Math.abs(problem.lambda - data.json.lam!)).toBeLessThanOrEqual(1e-12 * data.json.lam!)
  return problem
}

function expectRelative(actual: number, expected: number, tolerance: number) {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(tolerance * Math.abs(expected))
}

describe.each(names)('%s', (name) => {
  const data = golden(name)
  if (!data) return test('golden data is not here', () => undefined)
  const limit = tolerances(data)
  const { rows, cols, results } = data.json

  test.each([50, 75, 90])('FastOBC at %i %% has the masks, weights and losses', (percent) => {
    const problem = damped(data)
    for (const key of data.names().filter((k) => k.startsWith('fast.B') && k.endsWith(`.${percent}.mask`))) {
      const run = key.slice(0, -'.mask'.length)
      const blockSize = Number(/\.B(\d+)\./.exec(run)![1])
      const pattern = { kind: 'unstructured' } as const
      const choice = startChoice({ problem, pattern, budget: { nonzeros: 0 }, deadInputs: 'plain' })
      // ⌊rows·width·s⌋ of each block, which may leave the layer a zero short.
      const result = sweepBlocks({ linalg, problem, blockSize }, choice, (n) => zerosOf(n, percent / 100))
      expect(Array.from(result.mask)).toEqual(Array.from(data.tensor(key)))
      expect(worst(result.weights, data.tensor(`${run}.W`))).toBeLessThanOrEqual(limit.weights)
      expectRelative(result.loss, results[run].error, limit.loss)
      expectRelative(excess(linalg, problem, result.weights).loss, result.loss, limit.loss)
      expect(result.mask.reduce((sum, kept) => sum - kept, rows * cols)).toBe(results[run].pruned)

      const refitted = refit(linalg, problem, result)
      expectRelative(refitted.loss, results[run].refit_error_same_mask, limit.loss)
    }
  })

  test.each([50, 75, 90])(
    'FastOBC at %i %% with exact counts is the same where the blocks round nothing off',
    (percent) => {
      const problem = damped(data)
      for (const key of data.names().filter((k) => k.startsWith('fast.B') && k.endsWith(`.${percent}.mask`))) {
        const run = key.slice(0, -'.mask'.length)
        const blockSize = Number(/\.B(\d+)\./.exec(run)![1])
        const { nonzeros } = budgetOf(rows, cols, { kind: 'unstructured' }, percent / 100)
        const result = fastObc({
          linalg,
          problem,
          pattern: { kind: 'unstructured' },
          budget: { nonzeros },
          blockSize,
          deadInputs: 'plain',
        })
        expect(result.mask.reduce((sum, kept) => sum + kept, 0)).toBe(nonzeros)
        const whole = cols % blockSize === 0 && Number.isInteger((rows * blockSize * percent) / 100)
        if (whole || blockSize >= cols) expect(Array.from(result.mask)).toEqual(Array.from(data.tensor(key)))
      }
    },
  )

  test('N:M', () => {
    for (const key of data.names().filter((k) => /^fast\.nm\..*mask$/.test(k))) {
      const run = key.slice(0, -'.mask'.length)
      const pattern = parsePattern(run.slice('fast.nm.'.length).replace('of', ':'))
      const problem = damped(data)
      const budget = budgetOf(rows, cols, pattern, undefined)
      const figures = results[run.slice('fast.'.length)]
      const result = fastObc({
        linalg,
        problem,
        pattern,
        budget,
        blockSize: figures.fast_B,
        deadInputs: 'plain',
      })
      expect(Array.from(result.mask)).toEqual(Array.from(data.tensor(key)))
      expect(worst(result.weights, data.tensor(`${run}.W`))).toBeLessThanOrEqual(limit.weights)
      expectRelative(result.loss, figures.fast_error, limit.loss)
    }
  })

  test('a given mask', () => {
    const problem = damped(data)
    const mask = Uint8Array.from(data.tensor('refit.magnitude.50.mask'))
    const result = sweep(linalg, problem, { mask, blockSize: 16, step: 16 })
    expect(worst(result.weights, data.tensor('fast.givenmask.magnitude.50.W'))).toBeLessThanOrEqual(limit.weights)
  })

  test.each([50, 75, 90])('magnitude and its refit at %i %%', (percent) => {
    const problem = damped(data)
    const { nonzeros } = budgetOf(rows, cols, { kind: 'unstructured' }, percent / 100)
    const pattern = { kind: 'unstructured' } as const
    const candidate = magnitude({
      linalg,
      problem,
      pattern,
      budget: { nonzeros },
      blockSize: 128,
      deadInputs: 'plain',
    })
    const run = `refit.magnitude.${percent}`
    expect(Array.from(candidate.mask)).toEqual(Array.from(data.tensor(`${run}.mask`)))
    expectRelative(candidate.loss, results[`obs.${percent}`].magnitude_error_no_refit, limit.loss)
    for (const kind of ['cholesky', 'conjugate-gradient'] as const) {
      const result = refit(linalg, problem, candidate, { kind })
      if (kind === 'cholesky') {
        expect(worst(result.weights, data.tensor(`${run}.W`))).toBeLessThanOrEqual(limit.weights)
        expectRelative(result.loss, results[`obs.${percent}`].magnitude_error_with_refit, limit.loss)
      } else if (name !== 'illcond6x24') {
        expectRelative(result.loss, results[`obs.${percent}`].magnitude_error_with_refit, 1e-6)
      }
    }
  })

  test('the refit of the masks of ExactOBS is ExactOBS', () => {
    const problem = damped(data)
    for (const key of data.names().filter((k) => /^(obs\.(global|uniform)|nm|block)\..*\.?mask$/.test(k))) {
      const mask = Uint8Array.from(data.tensor(key))
      const weights = problem.target.map((w, i) => (mask[i] ? w : 0))
      const candidate = { weights, mask, loss: excess(linalg, problem, weights).loss }
      const result = refit(linalg, problem, candidate, { kind: 'cholesky' })
      expect(worst(result.weights, data.tensor(key.replace(/mask$/, 'W')))).toBeLessThanOrEqual(limit.weights)
    }
  })
})

test('dead inputs leave first, and the refit of what stays is that of the golden data', () => {
  const data = golden('dead8x32')
  if (!data) return
  const problem = damped(data)
  expect([3, 17, 30].map((j) => problem.dead[j])).toEqual([1, 1, 1])
  const { rows, cols } = data.json
  const expected = data.tensor('deadfirst.uniform.50.W')
  const mask = Uint8Array.from(expected, (w) => (w === 0 ? 0 : 1))
  const weights = problem.target.map((w, i) => (mask[i] ? w : 0))
  const result = refit(linalg, problem, { weights, mask, loss: Infinity }, { kind: 'cholesky' })
  expect(worst(result.weights, expected)).toBeLessThanOrEqual(1e-8)
  for (const method of [fastObc, magnitude]) {
    const pattern = { kind: 'unstructured' } as const
    const { mask: own } = method({
      linalg,
      problem,
      pattern,
      budget: { nonzeros: 128 },
      blockSize: 16,
      deadInputs: 'first',
    })
    expect(own.reduce((sum, kept) => sum + kept, 0)).toBe(128)
    for (let row = 0; row < rows; row++) for (const j of [3, 17, 30]) expect(own[row * cols + j]).toBe(0)
  }
})

test('the target of a dense stream: damping towards W, W*, objectives and penalties', () => {
  const data = golden('densestream12x48')
  if (!data) return
  const given = goldenProblem(data, 'Xs', 'Xd')
  expect(worst(given.b, data.tensor('B'))).toBeLessThan(1e-9)
  expectRelative(given.yy, data.tensor('YYsum')[0], 1e-12)
  const zero = { ...given, weights: new Float64Array(given.weights.length) }
  for (const [kind, layer] of [['prox', given] as const, ['zero', zero] as const]) {
    const problem = damp(linalg, layer)
    expectRelative(problem.lambda, data.json.lam!, 1e-12)
    expect(worst(problem.target, data.tensor(`${kind}.Wstar`))).toBeLessThanOrEqual(1e-8)
    const figures = data.json.results[kind] as unknown as Record<string, Record<string, number>> & {
      objective_of_Wstar: number
    }
    expectRelative(problem.floor, figures.objective_of_Wstar, 1e-8)
    for (const percent of ['50', '75', '90']) {
      const mask = Uint8Array.from(data.tensor(`${kind}.${percent}.mask`))
      const weights = problem.target.map((w, i) => (mask[i] ? w : 0))
      const result = refit(linalg, problem, { weights, mask, loss: Infinity }, { kind: 'cholesky' })
      expect(worst(result.weights, data.tensor(`${kind}.${percent}.W`))).toBeLessThanOrEqual(1e-8)
      expectRelative(result.loss, figures[percent].excess_over_Wstar, 1e-8)
      expectRelative(errorOf(problem, result.weights, result.loss), figures[percent].objective, 1e-8)
    }
  }
})

test('a bias: centring equals an appended row of ones', () => {
  const data = golden('bias8x24')
  if (!data) return
  const { rows, cols, results } = data.json
  const given = goldenProblem(data)
  const yMean = given.yMean.map((y, row) => y + data.tensor('b')[row])
  // The golden λ comes from the diagonal before centring.
  const mean = given.h.reduce((sum, v, i) => sum + (i % (cols + 1) === 0 ? v / cols : 0), 0)
  const problem = damp(linalg, { ...given, yMean }, { damp: data.json.lam! / mean })
  for (const percent of ['50', '75', '90']) {
    const mask = Uint8Array.from(data.tensor(`${percent}.mask`))
    const weights = problem.target.map((w, i) => (mask[i] ? w : 0))
    const result = refit(linalg, problem, { weights, mask, loss: Infinity }, { kind: 'cholesky' })
    expect(worst(result.weights, data.tensor(`${percent}.W`))).toBeLessThanOrEqual(1e-8)
    expectRelative(result.loss, results[percent].error, 1e-8)
    expectRelative(errorOf(problem, result.weights, result.loss), results[percent].output_error, 1e-8)
    const bias = yMean.map((y, row) => {
      for (let j = 0; j < cols; j++) y -= result.weights[row * cols + j] * problem.problem.xMean[j]
      return y
    })
    expect(worst(bias, data.tensor(`${percent}.b`))).toBeLessThanOrEqual(1e-8)
    expect(bias.length).toBe(rows)
  }
})
