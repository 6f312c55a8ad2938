import { formatPattern, parsePattern } from './pattern.js'

test.each(['unstructured', '2:4', '1:4', '1:2', '4:8'])('%s is read and written', (text) => {
  expect(formatPattern(parsePattern(text))).toBe(text)
})

test('2:4 keeps two of four', () => {
  expect(parsePattern(' 2:4 ')).toEqual({ kind: 'nm', n: 2, m: 4 })
})

test.each(['', 'dense', '4:2', '0:4', '4:4', '2:', '2:4:8', '-1:4', '1.5:4', '1:2000'])('"%s" is refused', (text) => {
  expect(() => parsePattern(text)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
})
