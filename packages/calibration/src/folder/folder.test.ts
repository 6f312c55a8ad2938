import { symlink } from 'node:fs/promises'
import { folderOf } from '../testing/images.js'
import { seededRandom } from './random.js'
import { sampleFlat, samplePerClass } from './sample.js'
import { scanImageFolder, type ImageFolder } from './scan.js'

const error = (code: string, text: string) => expect.objectContaining({ code, message: expect.stringContaining(text) })

const files = {
  'b/2.JPG': '',
  'b/10.jpeg': '',
  'b/.hidden.jpg': '',
  'b/notes.txt': '',
  'a/x.PNG': '',
  'a/deeper/y.png': '',
  'a/phone.HEIC': '',
  '\u{1F600}/s.webp': '',
  '\uFB01/s.webp': '',
  '.cache/z.png': '',
  'stray.png': '',
}

test('classes and images by code point, hidden and foreign files left out', async () => {
  const { dir, remove } = await folderOf(files)
  try {
    await symlink(`${dir}/a`, `${dir}/link`)
    await symlink(`${dir}/nowhere`, `${dir}/b/broken.png`)
    const { classes, items, leftOut } = await scanImageFolder(dir)
    expect(leftOut.map((path) => path.slice(dir.length + 1))).toEqual([
      ...['stray.png', 'a/phone.HEIC', 'a/deeper', 'b/broken.png', 'link/phone.HEIC', 'link/deeper'],
    ])
    // UTF-16 order would put the emoji before the ligature.
    expect(classes).toEqual(['a', 'b', 'link', '\uFB01', '\u{1F600}'])
    expect(items.map(({ file, label }) => [file.slice(dir.length + 1), label])).toEqual([
      ['a/x.PNG', 0],
      ['b/10.jpeg', 1],
      ['b/2.JPG', 1],
      ['link/x.PNG', 2],
      ['\uFB01/s.webp', 3],
      ['\u{1F600}/s.webp', 4],
    ])
    const flat = await scanImageFolder(dir, { classes: false })
    expect(flat.classes).toEqual([])
    expect(flat.items.map(({ file }) => file.slice(dir.length + 1))).toEqual([
      'stray.png',
      'a/x.PNG',
      'b/10.jpeg',
      'b/2.JPG',
      'link/x.PNG',
      '\uFB01/s.webp',
      '\u{1F600}/s.webp',
    ])
  } finally {
    await remove()
  }
})

test('what is missing is named', async () => {
  const { dir, remove } = await folderOf({
    'some/full/1.png': '',
    'some/none/a.txt': '',
    'flat/1.png': '',
    'no/a.txt': '',
  })
  try {
    await expect(scanImageFolder(`${dir}/absent`)).rejects.toEqual(error('NOT_FOUND', 'absent'))
    await expect(scanImageFolder(`${dir}/some`)).rejects.toEqual(error('INVALID_DATA', 'some/none'))
    await expect(scanImageFolder(`${dir}/flat`)).rejects.toEqual(
      error('INVALID_DATA', '1 images, but no class folders'),
    )
    await expect(scanImageFolder(`${dir}/no`)).rejects.toEqual(error('INVALID_DATA', 'no class folders'))
    await expect(scanImageFolder(`${dir}/no`, { classes: false })).rejects.toEqual(error('INVALID_DATA', 'no images'))
    await expect(scanImageFolder(`${dir}/flat/1.png`)).rejects.toEqual(error('INVALID_DATA', 'is a file'))
  } finally {
    await remove()
  }
})

const folder = (sizes: Record<string, number>): ImageFolder => ({
  dir: '',
  classes: Object.keys(sizes),
  items: Object.entries(sizes).flatMap(([name, n], label) =>
    Array.from({ length: n }, (_, i) => ({ file: `${name}/${i}`, label })),
  ),
  leftOut: [],
})
const names = (f: ImageFolder, shots: number, seed: number, of = ''): string[] =>
  samplePerClass(f, shots, seed)
    .items.map((item) => item.file)
    .filter((file) => file.startsWith(of))

test('samples are k per class, without repetition, the same for the same seed', () => {
  const f = folder({ cat: 50, dog: 3 })
  const sample = samplePerClass(f, 8, 1)
  expect(sample.short).toEqual([{ class: 'dog', have: 3, want: 8 }])
  expect(sample.items.filter((item) => item.label === 0)).toHaveLength(8)
  expect(sample.items.filter((item) => item.label === 1)).toHaveLength(3)
  expect(new Set(sample.items).size).toBe(11)
  expect(names(f, 8, 1)).toEqual(names(f, 8, 1))
  expect(names(f, 8, 1)).not.toEqual(names(f, 8, 2))
  expect(names(f, 8, 1, 'cat')).not.toEqual(names(f, 8, 1 + 2 ** 32, 'cat'))
})

test('another class changes nothing, more shots contain fewer', () => {
  expect(names(folder({ ant: 9, cat: 50 }), 8, 3, 'cat')).toEqual(names(folder({ cat: 50 }), 8, 3))
  const more = names(folder({ cat: 50 }), 16, 3)
  expect(names(folder({ cat: 50 }), 8, 3).every((file) => more.includes(file))).toBe(true)
  expect(names(folder({ a: 50 }), 8, 3).map((s) => s.slice(2))).not.toEqual(
    names(folder({ b: 50 }), 8, 3).map((s) => s.slice(2)),
  )
})

test('the choice of a seed never changes', () => {
  expect(names(folder({ cat: 50 }), 6, 0)).toMatchInlineSnapshot(`
   [
     "cat/1",
     "cat/4",
     "cat/7",
     "cat/10",
     "cat/16",
     "cat/33",
   ]
  `)
  expect(sampleFlat(folder({ cat: 20, dog: 20 }), 4, 0).map((item) => item.file)).toMatchInlineSnapshot(`
   [
     "cat/0",
     "cat/4",
     "cat/16",
     "dog/10",
   ]
  `)
})

test('sampleFlat takes all where there are fewer', () => {
  expect(sampleFlat(folder({ cat: 2, dog: 1 }), 9, 0)).toHaveLength(3)
})

test.each([
  [0, 0],
  [1.5, 0],
  [NaN, 0],
  [1, -1],
  [1, 2 ** 53],
])('shots %s with seed %s is refused', (shots, seed) => {
  expect(() => samplePerClass(folder({ cat: 2 }), shots, seed)).toThrow(error('INVALID_ARGUMENT', 'whole number'))
  expect(() => sampleFlat(folder({ cat: 2 }), shots, seed)).toThrow(error('INVALID_ARGUMENT', 'whole number'))
})

test('random numbers are even', () => {
  // One seed may be unlucky; over 200 the mean of χ² with 9 degrees of freedom is 9 ± 0.3.
  let sum = 0
  for (let seed = 0; seed < 200; seed++) {
    const random = seededRandom(seed, 'cat')
    const counts = new Array<number>(10).fill(0)
    for (let i = 0; i < 1000; i++) counts[random(10)]++
    sum += counts.reduce((chi, n) => chi + (n - 100) ** 2 / 100, 0)
  }
  expect(Math.abs(sum / 200 - 9)).toBeLessThan(1.2)
})

test('the first choice is even over seeds and over class names', () => {
  const counts = new Array<number>(32).fill(0)
  for (let i = 0; i < 8000; i++) {
    counts[seededRandom(i, 'cat')(16)]++
    counts[16 + seededRandom(0, `class ${i}`)(16)]++
  }
  // χ² with 30 degrees of freedom: 59.7 is exceeded once in a thousand.
  expect(counts.reduce((chi, n) => chi + (n - 500) ** 2 / 500, 0)).toBeLessThan(59.7)
})
