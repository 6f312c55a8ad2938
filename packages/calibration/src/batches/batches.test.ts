import { defaultPreprocess, type Preprocess } from '../preprocess/preprocess.js'
import { folderOf, pattern, png } from '../testing/images.js'
import { batches, type Batch, type BatchStream } from './batches.js'
import { orderedAhead } from './ordered-ahead.js'

const preprocess: Preprocess = { ...defaultPreprocess([3, 2, 2]), mean: [0, 0, 0], std: [1, 1, 1] }
const error = (code: string, text = '') => expect.objectContaining({ code, message: expect.stringContaining(text) })
const plain = (value: number): Buffer => png(2, 2, 8, 0, [Buffer.of(value, value), Buffer.of(value, value)])

let root: Awaited<ReturnType<typeof folderOf>>
beforeAll(async () => {
  const good = Object.fromEntries(Array.from({ length: 7 }, (_, i) => [`${i}.png`, plain(i * 20)]))
  const large = await pattern(400, 300).png().toBuffer()
  root = await folderOf({ ...good, 'large.png': large, 'cut.png': large.subarray(0, 400), 'page.jpg': '<html>' })
})
afterAll(() => root.remove())

const items = (...names: string[]) => names.map((name, label) => ({ file: `${root.dir}/${name}`, label }))
const seven = () => items(...Array.from({ length: 7 }, (_, i) => `${i}.png`))
async function all(stream: BatchStream): Promise<Batch[]> {
  const list: Batch[] = []
  for await (const batch of stream) list.push(batch)
  return list
}

test.each([1, 3, 16])('batches are in order with concurrency %s, the last may be smaller', async (concurrency) => {
  const list = await all(batches(seven(), preprocess, { batchSize: 3, concurrency }))
  expect(list.map((b) => b.input.shape)).toEqual([
    [3, 3, 2, 2],
    [3, 3, 2, 2],
    [1, 3, 2, 2],
  ])
  expect(list.map((b) => b.labels)).toEqual([[0, 1, 2], [3, 4, 5], [6]])
  expect(list.flatMap((b) => b.items)).toEqual(seven())
  const values = list.flatMap((b) => b.labels.map((_, n) => Math.round(b.input.data[n * 12] * 255)))
  expect(values).toEqual([0, 20, 40, 60, 80, 100, 120])
})

test('augmented images stand behind their own, and count in the size of a batch', async () => {
  const list = await all(batches(seven(), preprocess, { batchSize: 4, augment: 'flip' }))
  expect(list.map((b) => b.labels)).toEqual([
    [0, 0, 1, 1],
    [2, 2, 3, 3],
    [4, 4, 5, 5],
    [6, 6],
  ])
})

test('a crop depends on the seed and the image, not on the others or on how many are read at once', async () => {
  const wide = await folderOf({ 'a.png': await pattern(90, 60).png().toBuffer() })
  const of = async (names: readonly string[], options: object) => {
    const list = [...items(...names.slice(0, -1)), { file: `${wide.dir}/a.png`, label: 5 }]
    const read = await all(batches(list, preprocess, { batchSize: 1, augment: 'crop', ...options }))
    return read.slice(-2).map((b) => [...b.input.data])
  }
  const [whole, part] = await of(['a'], { concurrency: 1 })
  expect(part).not.toEqual(whole)
  expect(await of(['0.png', '1.png', 'a'], { concurrency: 4 })).toEqual([whole, part])
  const [, other] = await of(['a'], { seed: 1 })
  expect(other).not.toEqual(part)
  await wide.remove()
})

test('corrupt images stop the run, or are left out, listed, and replaced by the next', async () => {
  const mixed = items('0.png', 'cut.png', '1.png', 'page.jpg', 'absent.png', '2.png')
  await expect(all(batches(mixed, preprocess, { batchSize: 2 }))).rejects.toEqual(error('INVALID_DATA', 'cut.png'))
  const stop = all(batches(mixed.slice(1), preprocess, { batchSize: 2 }))
  await expect(stop).rejects.toEqual(error('INVALID_DATA', 'leave out what cannot be read (--skip-corrupt)'))
  const stream = batches(mixed, preprocess, { batchSize: 2, onCorrupt: 'skip' })
  expect(stream.skipped).toEqual([])
  for (const _ of [1, 2]) {
    expect((await all(stream)).map((b) => b.labels)).toEqual([[0, 2], [5]])
    expect(stream.skipped.map((s) => s.file)).toEqual([mixed[1].file, mixed[3].file, mixed[4].file])
    expect(stream.skipped[1].reason).toContain('HTML')
  }
})

test('not one readable image is an error even when skipping; no items are none', async () => {
  const stream = batches(items('cut.png', 'page.jpg'), preprocess, { batchSize: 2, onCorrupt: 'skip' })
  await expect(all(stream)).rejects.toEqual(error('INVALID_DATA', 'none of the 2 images'))
  expect(await all(batches([], preprocess, { batchSize: 2 }))).toEqual([])
})

test('a way of augmenting that does not exist is refused at once', () => {
  const augment = 'Flip' as 'flip'
  expect(() => batches([], preprocess, { batchSize: 2, augment })).toThrow(/^augment is 'Flip'; use one of none, flip/)
})

test('a raised signal stops before and between batches, also when skipping', async () => {
  const options = { batchSize: 2, onCorrupt: 'skip' } as const
  await expect(all(batches(seven(), preprocess, { ...options, signal: AbortSignal.abort() }))).rejects.toEqual(
    error('ABORTED'),
  )
  const controller = new AbortController()
  let seen = 0
  const run = async (): Promise<void> => {
    for await (const _ of batches(seven(), preprocess, { ...options, signal: controller.signal })) {
      seen++
      controller.abort()
    }
  }
  await expect(run()).rejects.toEqual(error('ABORTED'))
  expect(seen).toBe(1)
})

test('options out of range are refused at once', () => {
  expect(() => batches([], preprocess, { batchSize: 0 })).toThrow(error('INVALID_ARGUMENT', 'batchSize'))
  expect(() => batches([], preprocess, { batchSize: 1, concurrency: 0.5 })).toThrow(
    error('INVALID_ARGUMENT', 'concurrency'),
  )
  expect(() => batches([], { ...preprocess, std: [] }, { batchSize: 1 })).toThrow(error('INVALID_ARGUMENT', 'std'))
})

test('no more than `ahead` are under way, and none after the consumer has left', async () => {
  let running = 0
  let most = 0
  let started = 0
  const work = async (n: number): Promise<number> => {
    started++
    most = Math.max(most, ++running)
    await new Promise((resolve) => setTimeout(resolve, (n * 7) % 5))
    running--
    return n
  }
  const order: number[] = []
  for await (const [, n] of orderedAhead([...Array(20).keys()], work, 3)) {
    order.push(n)
    if (n === 9) break
  }
  expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  expect(most).toBe(3)
  expect(running).toBe(0)
  expect(started).toBeLessThanOrEqual(13)
})
