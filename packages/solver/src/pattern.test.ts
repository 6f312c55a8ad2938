import { formatPattern, parsePattern } from './pattern.js'

test.each(['unstructured', '2:4', '1:4', '1:2', '4:8', '4x1', '1x4', '16x16', '1x1'])(
  '%s is read and written',
  (text) => {
    expect(formatPattern(parsePattern(text))).toBe(text)
  },
)

test('2:4 keeps two of four, 4x1 is four outputs of one input', () => {
  expect(parsePattern(' 2:4 ')).toEqual({ kind: 'nm', n: 2, m: 4 })
  expect(parsePattern('4X1')).toEqual({ kind: 'block', rows: 4, cols: 1 })
})

test.each([
  ...['', 'dense', '4:2', '0:4', '4:4', '2:', '2:4:8', '-1:4', '1.5:4', '1:2000'],
  ...['0x4', '4x0', '4x', '4x2000', '2x2x2', '4×1'],
  ...[undefined, null, 24],
])('"%s" is refused', (text) => {
  expect(() => parsePattern(text as string)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
})
