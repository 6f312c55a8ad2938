import { budgetOf, parsePattern } from '@tacojs/solver'
import { groupSparsities, keptOf } from './layer-budget.js'

const layer = { rows: 32, cols: 2, groups: 16 }

test.each(['unstructured', '2x1', '1x2'])(
  '%s: the groups of a convolution have together the zeros asked for',
  (text) => {
    const pattern = parsePattern(text)
    const whole = budgetOf(32, 2, pattern, 0)
    const units = whole.blocks ?? whole.nonzeros
    for (const sparsity of [0, 0.2, 0.24, 0.6, 0.7, 0.9, 1]) {
      const own = groupSparsities(layer, pattern, sparsity)
      const kept = own.map((s) => {
        const { blocks, nonzeros } = budgetOf(2, 2, pattern, s)
        return blocks ?? nonzeros
      })
      expect(kept.reduce((a, b) => a + b)).toBe(units - Math.floor(units * sparsity + 1e-9))
      expect(Math.max(...kept) - Math.min(...kept)).toBeLessThanOrEqual(1)
      expect(keptOf(layer, pattern, sparsity)).toBe((kept.reduce((a, b) => a + b) * 64) / units)
    }
  },
)

test('blocks end where a group does', () => {
  // six rows of two groups of three: two blocks of four rows in each, of which the second is smaller
  expect(keptOf({ rows: 6, cols: 1, groups: 2 }, parsePattern('4x1'), 0)).toBe(6)
  expect(keptOf({ rows: 6, cols: 1, groups: 2 }, parsePattern('4x1'), 0.5)).toBe(3)
})

test('zeros that a group has already count, and all others share the rest', () => {
  const [none, all, three] = [
    [0, 0, 0, 0],
    [1, 1, 1, 1],
    [1, 0, 0, 0],
  ].map((mask) => Uint8Array.from(mask))
  const four = { rows: 8, cols: 2, groups: 4 }
  const at = (sparsity: number, allowed: readonly Uint8Array[]): number[] =>
    groupSparsities(four, { kind: 'unstructured' }, sparsity, allowed).map((s) => 4 * s!)
  expect(at(0.5, [none!, all!, all!, all!])).toEqual([4, 2, 1, 1])
  expect(at(0.75, [none!, all!, all!, all!])).toEqual([4, 3, 3, 2])
  expect(at(0.5, [none!, three!, all!, all!])).toEqual([4, 3, 1, 0])
  // more than were asked for
  expect(at(0.25, [none!, three!, all!, all!])).toEqual([4, 3, 0, 0])
  expect(at(0.25, [none!, none!, none!, none!])).toEqual([4, 4, 4, 4])
  expect(at(1, [none!, three!, all!, all!])).toEqual([4, 4, 4, 4])
})

test('a layer of one group, or an n:m pattern, is as it is', () => {
  expect(groupSparsities({ rows: 3, cols: 3, groups: 1 }, { kind: 'unstructured' }, 0.3)).toEqual([0.3])
  expect(groupSparsities(layer, parsePattern('2:4'), undefined)).toEqual(Array(16).fill(undefined))
  expect(keptOf({ rows: 4, cols: 4, groups: 2 }, parsePattern('2:4'), undefined)).toBe(8)
})
