import { reshapeAxes } from './reshape-axes.js'

test.each([
  ['heads apart', ['batch', 7, 192], ['batch', 7, 3, 64], ['0>0', '1>1', '2>2,3']],
  ['heads together', ['batch', 7, 3, 64], ['batch', 7, 192], ['0>0', '1>1', '2,3>2']],
  ['ones are nobody’s', ['batch', 8, 1, 1], ['batch', 8], ['0>0', '1>1']],
  ['ones in the middle', [2, 1, 6], [2, 3, 1, 2], ['0>0', '2>1,3']],
  ['places of an image', ['batch', 32, 4, 4], ['batch', 32, 16], ['0>0', '1>1', '2,3>2']],
  ['neither split nor merged', [4, 6], [8, 3], ['0,1>0,1']],
  ['equal tails, unequal heads', [4, 2, 8], [8, 8], ['0,1>0', '2>1']],
  ['a batch merged with heads: the rest is known', ['batch', 3, 5, 4], ['3*batch', 5, 4], ['2>1', '3>2']],
  ['two symbols', ['a', 'b', 4], ['c', 4], ['2>1']],
] as const)('%s', (_name, from, to, expected) => {
  const groups = reshapeAxes(from, to).map((g) => `${g.from.join()}>${g.to.join()}`)
  expect(groups.sort()).toEqual([...expected].sort())
})
