import fc from 'fast-check'
import { allocateByDynamicProgramming } from './dynamic-programming.js'
import { allocateMarginal, lowerHull } from './marginal.js'
import { allocateProgression } from './progression.js'
import { refineTable } from './refine.js'
import { optionAt, type Allocation, type LayerOption, type LayerTable } from './table.js'
import { allocateUniform } from './uniform.js'

const allocators = { allocateUniform, allocateMarginal, allocateByDynamicProgramming }

/** Tables of up to four options whose losses and costs are whole numbers in any order; equal ones are frequent. */
const tables = fc.array(
  fc
    .uniqueArray(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 4 })
    .chain((percents) =>
      fc.tuple(
        ...[...percents]
          .sort((a, b) => a - b)
          .map((percent) => fc.record({ sparsity: fc.constant(percent / 100), loss: fc.nat(12), cost: fc.nat(12) })),
      ),
    ),
  { minLength: 1, maxLength: 5 },
)

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
const leastCost = (all: readonly LayerTable[]): number => sum(all.map((t) => Math.min(...t.map((o) => o.cost))))
const mostCost = (all: readonly LayerTable[]): number => sum(all.map((t) => Math.max(...t.map((o) => o.cost))))

/** Every choice of one option per layer. */
function* choices(all: readonly LayerTable[]): Generator<LayerOption[]> {
  if (all.length === 0) yield []
  else for (const option of all[0]) for (const rest of choices(all.slice(1))) yield [option, ...rest]
}

function bestByTrial(all: readonly LayerTable[], budget: number): number {
  let best = Infinity
  for (const choice of choices(all)) {
    if (sum(choice.map((o) => o.cost)) <= budget) best = Math.min(best, sum(choice.map((o) => o.loss)))
  }
  return best
}

/** A budget from the least cost to a little above the most. */
const withBudget = tables.chain((all) => {
  const [least, most] = [leastCost(all), mostCost(all)]
  return fc.record({ all: fc.constant(all), budget: fc.integer({ min: least, max: most + 3 }) })
})

test('dynamic programming finds the best of all choices and stays within the budget', () => {
  fc.assert(
    fc.property(withBudget, fc.constantFrom(1, 1e-6, 1e9), ({ all, budget }, unit) => {
      const scaled = all.map((table) => table.map((o) => ({ ...o, cost: o.cost * unit })))
      const got = allocateByDynamicProgramming(scaled, budget * unit)
      expect(got.loss).toBe(bestByTrial(scaled, budget * unit * (1 + 1e-12)))
      expect(got.cost).toBeLessThanOrEqual(budget * unit * (1 + 1e-12))
      const taken = all.map((table, i) => table.find((o) => o.sparsity === got.sparsities[i])!)
      expect([sum(taken.map((o) => o.loss)), sum(taken.map((o) => o.cost)) * unit]).toEqual([
        got.loss,
        expect.closeTo(got.cost, 6 + Math.log10(1 / unit)),
      ])
    }),
    { numRuns: 80 },
  )
})

test('costs that share an interval of the budget: still within it, and next to the best of all choices', () => {
  let state = 5
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647
  for (let run = 0; run < 5; run++) {
    const all = Array.from({ length: 7 }, () =>
      Array.from({ length: 5 }, (_, i) => ({ sparsity: i / 5, loss: i ** 2 * random(), cost: (5 - i) * random() })),
    )
    const budget = 0.5 * (leastCost(all) + mostCost(all))
    const { loss, cost } = allocateByDynamicProgramming(all, budget)
    const best = bestByTrial(all, budget)
    expect(cost).toBeLessThanOrEqual(budget)
    expect(loss).toBeGreaterThanOrEqual(best - 1e-12)
    // seven intervals of 20 000 less to spend cost no more than this
    expect(loss).toBeLessThanOrEqual(bestByTrial(all, budget - (7 * budget) / 20000) + 1e-12)
  }
})

test('equal marginal loss: no choice loses less, the budget is used up, one layer at most is between two options', () => {
  fc.assert(
    fc.property(withBudget, ({ all, budget }) => {
      const got = allocateMarginal(all, budget)
      expect(got.loss).toBeLessThanOrEqual(bestByTrial(all, budget) + 1e-9)
      expect(got.cost).toBeLessThanOrEqual(budget + 1e-9)
      const free = sum(all.map((table) => Math.min(...table.map((o) => o.loss))))
      if (got.loss > free + 1e-9) expect(got.cost).toBeCloseTo(budget, 9)
      const between = all.filter((table, i) => !table.some((o) => o.sparsity === got.sparsities[i]))
      expect(between.length).toBeLessThanOrEqual(1)
    }),
    { numRuns: 300 },
  )
})

test('the hull lies below all options and turns one way', () => {
  fc.assert(
    fc.property(tables, ([table]) => {
      const hull = lowerHull(table)
      for (let i = 1; i + 1 < hull.length; i++) {
        const [a, b, c] = hull.slice(i - 1)
        expect((b.loss - a.loss) * (c.cost - b.cost)).toBeLessThan((c.loss - b.loss) * (b.cost - a.cost))
      }
      for (const o of table) {
        const right = hull.findIndex((h) => h.cost >= o.cost)
        if (right < 0) expect(o.loss).toBeGreaterThanOrEqual(hull[hull.length - 1].loss)
        else if (right === 0) expect([o.cost, o.loss >= hull[0].loss]).toEqual([hull[0].cost, true])
        else {
          const [a, b] = [hull[right - 1], hull[right]]
          const line = a.loss + ((o.cost - a.cost) / (b.cost - a.cost)) * (b.loss - a.loss)
          expect(o.loss).toBeGreaterThanOrEqual(line - 1e-9)
        }
      }
    }),
  )
})

test('uniform: the lowest common sparsity that the budget allows', () => {
  const shared = tables.map((all) =>
    all.map((t) => [
      { ...t[0], sparsity: 0 },
      ...t.filter((o) => o.sparsity > 0 && o.sparsity < 1),
      { loss: 20, cost: 0, sparsity: 1 },
    ]),
  )
  fc.assert(
    fc.property(shared, fc.double({ min: 0, max: 60, noNaN: true }), (all, budget) => {
      const { sparsities, cost } = allocateUniform(all, budget)
      const costAt = (s: number) => sum(all.map((table) => optionAt(table, s).cost))
      expect(new Set(sparsities).size).toBe(1)
      expect(cost).toBeCloseTo(costAt(sparsities[0]), 9)
      expect(cost).toBeLessThanOrEqual(budget + 1e-9)
      for (let s = 0; s < sparsities[0] - 1e-9; s += 0.003) expect(costAt(s)).toBeGreaterThan(budget - 1e-9)
    }),
    { numRuns: 100 },
  )
})

const parameters = (count: number, scale: number): LayerTable =>
  [0, 0.5, 0.75, 0.9, 0.95, 1].map((sparsity) => ({
    sparsity,
    cost: count * (1 - sparsity),
    loss: scale * sparsity ** 6,
  }))

describe('progression', () => {
  test('sparsities rise by the same step from layer to layer, and use the budget up', () => {
    const layers = [4000, 100, 2500, 300, 1000].map((count) => parameters(count, 1))
    const spread = (sparsities: readonly number[]): number => sparsities[4] - sparsities[0]
    for (const share of [0.5, 0.3, 0.1, 0.02]) {
      const budget = share * mostCost(layers)
      const { sparsities, cost } = allocateProgression(layers, budget)
      expect(cost).toBeCloseTo(budget, 6)
      const steps = sparsities.slice(1).map((s, i) => s - sparsities[i])
      for (const step of steps) expect(step).toBeCloseTo(steps[0], 9)
      if (share > 0.2) expect(spread(sparsities)).toBeCloseTo(0.16, 9)
      else expect((1 - sparsities[0]) / (1 - sparsities[4])).toBeCloseTo(1.6 / 0.4, 6)
    }
  })

  test('layers stay within their tables; what one cannot keep goes to the others', () => {
    const layers = [parameters(1000, 1), parameters(1000, 1).slice(0, 4), parameters(1000, 1)]
    const most = allocateProgression(layers, 2900)
    expect(most.sparsities[0]).toBe(0)
    expect(most.cost).toBeCloseTo(2900, 6)
    expect(allocateProgression(layers, 150).sparsities[1]).toBe(0.9)
    expect(allocateProgression(layers, 1e9)).toEqual({ sparsities: [0, 0, 0], cost: 3000, loss: 0 })
    expect(() => allocateProgression(layers, 99)).toThrow(/the least that the layers can cost is (100|99\.99)/)
    expect(allocateProgression([parameters(1000, 1)], 250).sparsities).toEqual([expect.closeTo(0.75, 9)])
  })

  test('the least that layers can cost is met, whatever the order that costs are summed in', () => {
    const layers = [0.1, 0.2, 0.3].map((c) => [
      { sparsity: 0, loss: 0, cost: 10 * c },
      { sparsity: 0.9, loss: 1, cost: c },
    ])
    expect(allocateProgression(layers, 0.6)).toEqual({
      sparsities: [0.9, 0.9, 0.9],
      cost: expect.closeTo(0.6, 12),
      loss: 3,
    })
  })

  test('costs that do not fall with rising sparsity: the lowest sparsities within the budget', () => {
    const tableOf = (...options: [sparsity: number, cost: number][]): LayerTable =>
      options.map(([sparsity, cost]) => ({ sparsity, cost, loss: sparsity }))
    const dip = tableOf([0, 10], [0.5, 4], [0.9, 6])
    expect(allocateProgression([dip], 4).sparsities).toEqual([expect.closeTo(0.5, 9)])
    expect(() => allocateProgression([dip], 3.99)).toThrow(/the least that the layers can cost is 4(\.0000000|;)/)
    const bump = tableOf([0, 10], [0.2, 5], [0.5, 8], [0.9, 1])
    expect(allocateProgression([bump], 6).sparsities).toEqual([expect.closeTo(0.16, 9)])
    fc.assert(
      fc.property(tables, fc.double({ min: 0, max: 1, noNaN: true }), (all, part) => {
        const last = Math.max(1, all.length - 1)
        const at = (mean: number) =>
          sum(all.map((t, i) => optionAt(t, 1 - mean - Math.min(0.6 * mean, 0.08) * (1 - (2 * i) / last)).cost))
        const shares = Array.from({ length: 541 }, (_, k) => (541 - k) / 500)
        const costs = shares.map(at)
        const [least, most] = [Math.min(...costs), Math.max(...costs)]
        const budget = least + part * (most - least)
        const { sparsities, cost } = allocateProgression(all, budget)
        expect(cost).toBeLessThanOrEqual(budget + 1e-9)
        // no larger share is within the budget: what the answer costs is met at none of those before it
        const first = shares[costs.findIndex((c) => c <= budget + 1e-9)]
        all.forEach((table, i) => {
          const asked = 1 - first - Math.min(0.6 * first, 0.08) * (1 - (2 * i) / last)
          const within = Math.min(table[table.length - 1].sparsity, Math.max(table[0].sparsity, asked))
          expect(sparsities[i]).toBeLessThanOrEqual(within + 1e-9)
        })
      }),
      { numRuns: 200 },
    )
  })
})

test.each(Object.entries(allocators))('%s: one layer, equal layers, more than enough, just enough', (_, allocate) => {
  const one = parameters(1000, 1)
  expect(allocate([one], 500).sparsities).toEqual([0.5])
  const alike = allocate([one, one, one], 750)
  expect(alike.cost).toBeCloseTo(750, 6)
  expect(alike.loss).toBeCloseTo(3 * 0.75 ** 6, 9)
  expect(allocate([one, one], 1e300)).toEqual({ sparsities: [0, 0], cost: 2000, loss: 0 })
  expect(allocate([one, one], 0).sparsities).toEqual([1, 1])
})

test('layers whose loss rises faster keep more; a layer of billions is no trouble', () => {
  const layers = [parameters(4e12, 1), parameters(4e12, 100)].map((table) => refineTable(table, 5))
  const uniform = allocateUniform(layers, 8e11)
  expect(uniform.sparsities).toEqual([0.9, 0.9])
  for (const allocate of [allocateMarginal, allocateByDynamicProgramming]) {
    const got = allocate(layers, 8e11)
    expect(got.cost).toBeLessThanOrEqual(8e11 * (1 + 1e-12))
    expect(got.loss).toBeLessThan(uniform.loss)
    expect(got.sparsities[1]).toBeLessThan(got.sparsities[0])
  }
})

test('200 layers of 60 options in little time, near the bound that the marginal allocation gives', () => {
  const layers = Array.from({ length: 200 }, (_, i) => refineTable(parameters(1e5 * (1 + (i % 7)), 1 + (i % 13)), 11))
  const budget = 0.1 * mostCost(layers)
  const [bound, got] = [allocateMarginal(layers, budget), allocateByDynamicProgramming(layers, budget)]
  expect(got.cost).toBeLessThanOrEqual(budget)
  expect(bound.cost).toBeCloseTo(budget, 3)
  expect(got.loss).toBeGreaterThanOrEqual(bound.loss * (1 - 1e-9))
  expect(got.loss).toBeLessThanOrEqual(bound.loss * 1.01)
})

test('refined: the measured options stay, nothing is below or above its neighbours', () => {
  fc.assert(
    fc.property(tables, fc.integer({ min: 0, max: 9 }), ([table], steps) => {
      const refined = refineTable(table, steps)
      expect(refined).toEqual(expect.arrayContaining([...table]))
      const measured = table.filter((o) => o.sparsity < 1).length
      expect(refined).toHaveLength(table.length + steps * Math.max(0, measured - 1))
      refined.forEach(({ sparsity, loss, cost }, i) => {
        if (i > 0) expect(sparsity).toBeGreaterThan(refined[i - 1].sparsity)
        const above = table.findIndex((o) => o.sparsity >= sparsity)
        const ends = [table[Math.max(0, above - 1)], table[above]]
        for (const [value, of] of [
          [loss, 'loss'],
          [cost, 'cost'],
        ] as const) {
          expect(value).toBeGreaterThanOrEqual(Math.min(...ends.map((o) => o[of])) - 1e-9)
          expect(value).toBeLessThanOrEqual(Math.max(...ends.map((o) => o[of])) + 1e-9)
        }
      })
    }),
  )
  // A power of what is kept is near to what cubics can say.
  const power = (sparsity: number) => ({ sparsity, cost: 1 - sparsity, loss: (1 - sparsity) ** -0.5 })
  for (const { sparsity, loss } of refineTable([0, 0.5, 0.75, 0.875, 0.9375].map(power), 5)) {
    expect(Math.abs(loss / power(sparsity).loss - 1)).toBeLessThan(0.02)
  }
})

const good: LayerTable = [
  { sparsity: 0, loss: 0, cost: 10 },
  { sparsity: 0.9, loss: 1, cost: 1 },
]
const bad: [string, LayerTable[], number, string][] = [
  ['no layer', [], 1, 'at least one layer'],
  ['no option', [good, []], 5, 'layer 1 has no options'],
  ['an endless loss', [[{ sparsity: 0, loss: Infinity, cost: 1 }]], 5, 'loss Infinity'],
  ['a loss that is no number', [[{ sparsity: 0, loss: NaN, cost: 1 }]], 5, 'loss NaN'],
  ['an endless cost', [[{ sparsity: 0, loss: 1, cost: Infinity }]], 5, 'cost Infinity'],
  ['a negative cost', [[{ sparsity: 0, loss: 1, cost: -1 }]], 5, 'cost -1'],
  ['a sparsity above 1', [[{ sparsity: 1.1, loss: 1, cost: 1 }]], 5, 'sparsity 1.1'],
  ['options that do not rise', [[...good].reverse()], 5, 'option 1: sparsity 0 does not rise'],
  ['too small a budget', [good, good], 1, 'a budget of 1 cannot be met, the least that the layers can cost is 2'],
  ['a budget that is no number', [good], NaN, 'a budget of NaN'],
]
test.each(bad)('refused: %s', (_, layers, budget, message) => {
  for (const allocate of [...Object.values(allocators), allocateProgression]) {
    expect(() => allocate(layers, budget)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) }),
    )
  }
})

test.each([
  ['a sparsity above 1', [...good, { sparsity: 1.5, loss: 2, cost: 0 }], 2, 'option 2: sparsity 1.5'],
  ['a sparsity that is no number', [{ sparsity: NaN, loss: 2, cost: 0 }, ...good], 2, 'option 0: sparsity NaN'],
  ['a loss that is no number', [...good, { sparsity: 1, loss: NaN, cost: 0 }], 2, 'option 2: sparsity 1, loss NaN'],
  ['options that do not rise', [...good].reverse(), 2, 'option 1: sparsity 0 does not rise'],
  ['no option', [], 2, 'the table has no options'],
  ['half a step', good, 0.5, 'steps is 0.5'],
  ['steps below 0', good, -1, 'steps is -1'],
  ['no steps', good, undefined as unknown as number, 'steps is undefined'],
])('refineTable refuses %s', (_, table, steps, message) => {
  expect(() => refineTable(table, steps)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) }),
  )
})

test('a budget that is met where costs do not fall with rising sparsity', () => {
  const table = [
    { sparsity: 0, loss: 0, cost: 10 },
    { sparsity: 0.5, loss: 1, cost: 4 },
    { sparsity: 0.9, loss: 2, cost: 6 },
  ]
  for (const allocate of Object.values(allocators)) {
    expect(allocate([table], 5).cost).toBeLessThanOrEqual(5)
    expect(allocate([table], -1 + 1e9).sparsities).toEqual([0])
    expect(() => allocate([table], -1)).toThrow(/the least that the layers can cost is 4/)
  }
})

test('uniform refuses tables that share no sparsity', () => {
  const apart = [[{ sparsity: 0.1, loss: 0, cost: 1 }], [{ sparsity: 0.2, loss: 0, cost: 1 }]]
  expect(() => allocateUniform(apart, 5)).toThrow(/share no sparsity/)
  expect(allocateMarginal(apart, 5).sparsities).toEqual([0.1, 0.2])
})

test('ties: the same answer whatever the order of equal layers, the sparser of options that cost the same loss', () => {
  const flat: LayerTable = [0, 0.5, 0.9].map((sparsity) => ({ sparsity, loss: 1, cost: 10 - 10 * sparsity }))
  const results: Allocation[] = [allocateMarginal([flat, flat], 20), allocateByDynamicProgramming([flat, flat], 20)]
  for (const { sparsities } of results) expect(sparsities).toEqual([0.9, 0.9])
})
