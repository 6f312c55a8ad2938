import { formatBytes, formatCount, formatDuration, formatPercent, formatTable } from './format.js'

test('durations, counts, bytes and shares as a person reads them', () => {
  expect([4.25, 42.4, 75].map(formatDuration)).toEqual(['4.3s', '42s', '1m 15s'])
  expect([950, 12345, 1234567, 4.09e9].map(formatCount)).toEqual(['950', '12.3 k', '1.23 M', '4.09 G'])
  expect([1500, 22987614].map(formatBytes)).toEqual(['1.5 kB', '22.99 MB'])
  expect([0.925, undefined].map(formatPercent)).toEqual(['92.5 %', '–'])
})

test('tables align the first column left and the others right', () => {
  expect(
    formatTable(
      ['', 'top-1'],
      [
        ['dense', '94.5 %'],
        ['a', '1 %'],
      ],
    ),
  ).toBe(['        top-1', '-----  ------', 'dense  94.5 %', 'a         1 %'].join('\n'))
})
