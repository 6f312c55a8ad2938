import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { folderOf } from '../testing/images.js'
import { loadLabels, parseLabels, type Label } from './labels.js'
import { matchClasses } from './match.js'
import { editDistance } from './nearest.js'

const error = (code: string, ...texts: string[]) =>
  expect.objectContaining({ code, message: expect.stringMatching(new RegExp(texts.join('.*'))) })

const tench = { index: 0, wnid: 'n01440764', name: 'tench' }
const shark = { index: 1, wnid: 'n01443537', name: 'shark' }

test.each([
  ['entries', [shark, tench], [tench, shark]],
  [
    'names',
    ['a', 'b'],
    [
      { index: 0, name: 'a' },
      { index: 1, name: 'b' },
    ],
  ],
  [
    'index to name',
    { '1': 'b', '0': 'a' },
    [
      { index: 0, name: 'a' },
      { index: 1, name: 'b' },
    ],
  ],
  ['the ImageNet class index', { '0': ['n01440764', 'tench'], '1': ['n01443537', 'shark'] }, [tench, shark]],
  ['wnid to name', { n01443537: 'shark', n01440764: 'tench' }, [tench, shark]],
  [
    'name to index',
    { b: 1, a: 0 },
    [
      { index: 0, name: 'a' },
      { index: 1, name: 'b' },
    ],
  ],
  ['wnid to index', { n01440764: 3 }, [{ index: 3, name: 'n01440764', wnid: 'n01440764' }]],
])('%s', (_, json, expected) => expect(parseLabels(json)).toEqual(expected))

test.each([
  [null, 'a list or an object'],
  [7, 'a list or an object'],
  [[], 'no labels'],
  [['a', 3], 'entry 1'],
  [[{ index: 0, name: ' ' }], 'entry 0 has no name'],
  [[{ index: -1, name: 'a' }], 'index -1'],
  [[{ name: 'a' }], 'index'],
  [[tench, { ...shark, index: 0 }], 'second time'],
  [[{ index: 0, name: 'a', wnid: 5 }], 'wnid'],
  [{ '0': 'a', '00': 'b' }, 'second time'],
  [{ a: 0.5 }, '0.5'],
  [{ a: 'b' }, '"a"'],
  [JSON.parse('{"__proto__": "x"}'), '__proto__'],
])('%j is refused', (json, text) => expect(() => parseLabels(json)).toThrow(error('INVALID_DATA', text)))

test('label files', async () => {
  const { dir, remove } = await folderOf({
    'good.json': '["a"]',
    'marked.json': '\uFEFF["a"]',
    'bad.json': '{',
    'wrong.json': '[1]',
  })
  try {
    expect(await loadLabels(`${dir}/good.json`)).toEqual([{ index: 0, name: 'a' }])
    expect(await loadLabels(`${dir}/marked.json`)).toEqual([{ index: 0, name: 'a' }])
    await expect(loadLabels(`${dir}/bad.json`)).rejects.toEqual(error('INVALID_DATA', 'bad.json', 'not JSON'))
    await expect(loadLabels(`${dir}/wrong.json`)).rejects.toEqual(error('INVALID_DATA', 'wrong.json', 'entry 0'))
    await expect(loadLabels(`${dir}/absent.json`)).rejects.toEqual(error('NOT_FOUND', 'absent.json'))
    await expect(loadLabels(dir)).rejects.toEqual(error('IO', 'label file'))
  } finally {
    await remove()
  }
})

test.each([
  ['as many', ['a', 'b', 'c'], undefined],
  ['a few by index', { 2: 'c' }, undefined],
  ['a few entries', [{ index: 1, name: 'b' }], undefined],
  ['a few by name', { b: 1 }, undefined],
  ['too few in order', ['a', 'b'], 'names 2 classes in order, but the model has 3'],
  ['too few in the order of their wnids', { n01440764: 'a', n01443537: 'b' }, 'names 2 classes in order'],
])('labels for a model of three classes: %s', async (_, json, text) => {
  const warnings: string[] = []
  const found = await loadLabels(json, { classes: 3, onWarning: (warning) => warnings.push(warning) })
  expect(found).toEqual(parseLabels(json))
  expect(warnings).toEqual(text === undefined ? [] : [expect.stringContaining(text)])
})

test('labels of another model are refused, which the file is named for', async () => {
  const { dir, remove } = await folderOf({ 'four.json': '["a", "b", "c", "d"]' })
  try {
    await expect(loadLabels(`${dir}/four.json`, { classes: 3 })).rejects.toEqual(
      error('INVALID_DATA', 'four.json', 'has 4 labels', '3 classes'),
    )
    expect(await loadLabels(`${dir}/four.json`)).toHaveLength(4)
  } finally {
    await remove()
  }
  await expect(loadLabels({ 3: 'd' }, { classes: 3 })).rejects.toEqual(error('INVALID_DATA', 'index 3', '0 to 2'))
})

const labels = parseLabels([
  { index: 0, wnid: 'n01440764', name: 'tench, Tinca tinca' },
  { index: 1, wnid: 'n02085620', name: 'Chihuahua' },
  { index: 2, wnid: 'n02012849', name: 'crane' },
  { index: 3, wnid: 'n03126707', name: 'crane' },
  { index: 4, wnid: 'n03710637', name: 'maillot' },
  { index: 5, wnid: 'n03710721', name: 'maillot, tank suit' },
  { index: 6, name: "jack-o'-lantern" },
])
const indices = (...folders: string[]): number[] => matchClasses(folders, labels).map((label) => label.index)

test('folders by index, wnid, name or synonym', () => {
  expect(indices('5', '00', '3')).toEqual([5, 0, 3])
  expect(indices('n02085620', 'N01440764')).toEqual([1, 0])
  expect(indices('n02085620-Chihuahua', 'n01440764_tench')).toEqual([1, 0])
  expect(indices('TINCA_tinca', 'chihuahua', "jack o' lantern", 'Tank-Suit')).toEqual([0, 1, 6, 5])
  expect(indices('tench, Tinca tinca', 'maillot, tank suit')).toEqual([0, 5])
})

test('numbers that are no indices may be names', () => {
  const years = ['1990', '2000'].map((name, index) => ({ index, name }))
  expect(matchClasses(['2000', '1990'], years).map(({ index }) => index)).toEqual([1, 0])
})

test('numbers that are indices and names: names where all classes have numbers for names, else both could be meant', () => {
  const labelled = (...names: string[]) => names.map((name, index) => ({ index, name }))
  const of = (folders: string[], labels: Label[]) => matchClasses(folders, labels).map(({ index }) => index)
  const counted = labelled('1', '2', '3', '4')
  // whatever other folders are there
  expect([of(['1', '2', '4'], counted), of(['1', '2'], counted)]).toEqual([
    [0, 1, 3],
    [0, 1],
  ])
  expect(of(['0', '2'], counted)).toEqual([0, 2])
  expect(of(['0', '2'], labelled('0', '1', '2'))).toEqual([0, 2])
  expect(of(['1', '0'], labelled('cat', '1', 'dog'))).toEqual([1, 0])
  expect(() => of(['1', '2'], labelled('2', '1', 'dog'))).toThrow(
    expect.objectContaining({
      code: 'UNKNOWN_CLASS',
      message: expect.stringContaining('index of one class and the name'),
    }),
  )
})

test('an ambiguous name lists the candidates', () => {
  expect(() => indices('crane')).toThrow(error('UNKNOWN_CLASS', "'crane'", '2, n02012849', '3, n03126707'))
  expect(() => indices('maillot')).toThrow(error('UNKNOWN_CLASS', 'several', '4, n03710637', '5, n03710721'))
})

test('an unknown name lists what is near', () => {
  expect(() => indices('tensh')).toThrow(error('UNKNOWN_CLASS', "'tensh'; near: 'tench'"))
  expect(() => indices('lantern')).toThrow(error('UNKNOWN_CLASS', "near: 'jack o' lantern'"))
  expect(() => indices('zzzzzzzzz')).toThrow(error('UNKNOWN_CLASS', "'zzzzzzzzz'; name the folder by"))
  expect(() => indices('0', '99')).toThrow(error('UNKNOWN_CLASS', 'no class 99: its indices go up to 6'))
  expect(() => indices('tench', '3')).toThrow(error('UNKNOWN_CLASS', "'3': name either all folders by index or none"))
  expect(() => indices('constructor')).toThrow(error('UNKNOWN_CLASS', 'constructor'))
})

test('where the model says no names, a name asks for the label file', () => {
  const bare = ['0', '1', '2'].map((name, index) => ({ index, name }))
  expect(() => matchClasses(['0', 'tench'], bare)).toThrow(error('UNKNOWN_CLASS', "'tench'", '--labels', 'by index'))
})

test('two folders of one class are refused', () => {
  expect(() => indices('tench', 'n01440764')).toThrow(error('INVALID_DATA', "'tench' and 'n01440764'"))
})

test('edit distance', () => {
  expect([editDistance('kitten', 'sitting'), editDistance('', 'abc'), editDistance('a', 'a')]).toEqual([3, 3, 0])
})

test('ImageNet', async () => {
  const file = fileURLToPath(new URL('../../../../../shared/data/imagenet-1k-classes.json', import.meta.url))
  if (!existsSync(file)) return console.info(`skipped: there is no ${file}`)
  const all = await loadLabels(file)
  expect(all).toHaveLength(1000)
  expect(
    matchClasses(
      all.map((label) => label.wnid!),
      all,
    ),
  ).toEqual(all)
  expect(
    matchClasses(
      all.map((label) => String(label.index)),
      all,
    ),
  ).toEqual(all)
  expect(() => matchClasses(['crane'], all)).toThrow(error('UNKNOWN_CLASS', 'several', '134', '517'))
  expect(() => matchClasses(['golden retreiver'], all)).toThrow(error('UNKNOWN_CLASS', "near: 'golden retriever'"))
})
