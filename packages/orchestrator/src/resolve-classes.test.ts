import { resolveClasses } from './resolve-classes.js'

const original = ['tench', 'goldfish', 'shark', 'ray'].map((name, index) => ({ index, name, wnid: `n0000000${index}` }))
// a specialist of goldfish and ray, made from folders that were named by index
const specialist = [
  { index: 0, name: 'goldfish', wnid: 'n00000001', folder: '1', source: 1 },
  { index: 1, name: 'ray', wnid: 'n00000003', folder: '3', source: 3 },
]

test('a model: by index, wnid or name', () => {
  expect(resolveClasses(['3', '1'], original).map((l) => l.name)).toEqual(['ray', 'goldfish'])
})

test.each([
  ['the folders it was made from', ['3', '1'], specialist],
  ['one of them alone', ['3'], specialist],
  ['names', ['ray', 'goldfish'], specialist],
  ['wnids', ['n00000003', 'n00000001'], specialist],
  ['the label file of the original model', ['3', '1'], original],
  ['names in that file', ['ray'], original],
])('a specialist knows %s, and answers with its own positions', (_, folders, labels) => {
  const found = resolveClasses(folders, labels, specialist)
  expect(found.map((l) => l.index)).toEqual(folders.length === 2 ? [1, 0] : [1])
})

test('a class of the original model that the specialist lacks is UNKNOWN_CLASS, also by number', () => {
  for (const folder of ['0', '2', 'shark']) {
    expect(() => resolveClasses([folder], original, specialist)).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_CLASS' }),
    )
  }
  expect(() => resolveClasses(['0'], specialist, specialist)).toThrow(
    expect.objectContaining({ code: 'UNKNOWN_CLASS' }),
  )
})
