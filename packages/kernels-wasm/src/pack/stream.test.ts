import fc from 'fast-check'
import { packStream, splitSegments, writeStream, type Form, type Matrix, type Stream } from './stream.js'

/** Offsets that no other column or group has. */
const offset = (group: number, column: number): number => group * 4000 + column * 12

/** Weights that are 0 where `keep` says no; the others are their index plus one. */
const matrixOf = (
  rows: number,
  columns: number,
  rowsPerGroup: number,
  keep: (row: number, column: number) => boolean,
): Matrix => ({
  rows,
  columns,
  rowsPerGroup,
  weights: Float32Array.from({ length: rows * columns }, (_, i) =>
    keep(Math.floor(i / columns), i % columns) ? i + 1 : 0,
  ),
  offset,
})

/** The matrix that a stream holds, by its offsets, and how many records it takes. */
function unpack({ data, segments }: Stream, m: Matrix): { weights: Map<string, number>; records: number } {
  const words = new Int32Array(data.buffer, data.byteOffset, data.length)
  const weights = new Map<string, number>()
  let records = 0
  for (const segment of segments) {
    for (let b = 0; b < segment.blocks; b++) {
      const [from, to] = [segment.starts[b]! / 4, segment.starts[b + 1]! / 4]
      expect(to - from).toBe(segment.records[b]! * (segment.rows + 1))
      for (let p = from; p < to; p += segment.rows + 1) {
        records++
        for (let r = 0; r < segment.rows; r++) {
          const row = segment.row + b * segment.rows + r
          const key = `${row} ${words[p]! - offset(Math.floor(row / m.rowsPerGroup), 0)}`
          expect(weights.has(key)).toBe(false)
          weights.set(key, data[p + 1 + r]!)
        }
      }
    }
  }
  return { weights, records }
}

/** Each nonzero is stored once with the offset of its column in its row's group; what else is stored is zero. */
function expectComplete(stream: Stream, m: Matrix): void {
  const { weights } = unpack(stream, m)
  for (let row = 0; row < m.rows; row++) {
    for (let k = 0; k < m.columns; k++) {
      const key = `${row} ${k * 12}`
      const wanted = m.weights[row * m.columns + k]! * (m.scale ? m.scale[row]! : 1)
      if (wanted !== 0) expect([key, weights.get(key)]).toEqual([key, wanted])
      else expect(weights.get(key) ?? 0).toBe(0)
      weights.delete(key)
    }
  }
  expect([...weights.keys()]).toEqual([])
}

const heights = (stream: Stream): number[] => stream.segments.map((s) => s.rows)
const pseudo = (row: number, column: number): number => (row * 7919 + column * 104729 + row * column * 31) % 97

describe('each weight is stored once, at its column', () => {
  test.each<[string, Matrix, Form, number]>([
    ['unstructured', matrixOf(7, 30, 7, (r, k) => pseudo(r, k) < 8), 'sparse', 1],
    ['2x1 blocks', matrixOf(8, 40, 8, (r, k) => pseudo(r >> 1, k) < 16), 'sparse', 2],
    ['4x1 blocks', matrixOf(8, 40, 8, (r, k) => pseudo(r >> 2, k) < 16), 'sparse', 4],
    ['dense', matrixOf(10, 9, 10, () => true), 'dense', 5],
  ])('%s', (_name, m, form, height) => {
    const stream = packStream(m, form)
    expect(heights(stream)).toEqual(heights(stream).map(() => height))
    expectComplete(stream, m)
  })

  test('any matrix, any form, any groups', () => {
    const shape = fc.record({
      groups: fc.integer({ min: 1, max: 3 }),
      rowsPerGroup: fc.integer({ min: 1, max: 11 }),
      columns: fc.integer({ min: 1, max: 40 }),
      density: fc.nat(97),
      form: fc.constantFrom<Form>('auto', 'dense', 'sparse'),
      keepZeros: fc.boolean(),
      cachedColumns: fc.integer({ min: 5, max: 50 }),
    })
    fc.assert(
      fc.property(shape, ({ groups, rowsPerGroup, columns, density, form, keepZeros, cachedColumns }) => {
        const all = matrixOf(groups * rowsPerGroup, columns, rowsPerGroup, (r, k) => pseudo(r, k) < density)
        const m = { ...all, cachedColumns }
        const stream = packStream(m, form, keepZeros)
        expectComplete(stream, m)
        const perChunk = stream.segments.length / stream.chunks
        for (let chunk = 0; chunk < stream.chunks; chunk++) {
          const segments = stream.segments.slice(chunk * perChunk, (chunk + 1) * perChunk)
          const rows = segments.flatMap((s) => Array.from({ length: s.rows * s.blocks }, (_, i) => s.row + i))
          expect(rows.sort((a, b) => a - b)).toEqual(Array.from({ length: m.rows }, (_, i) => i))
        }
        if (keepZeros) expect(unpack(stream, m).weights.size).toBe(m.rows * m.columns)
      }),
      { numRuns: 60 },
    )
  })

  test('sums over more columns than the cache holds are cut into ranges', () => {
    const m = { ...matrixOf(7, 100, 7, (r, k) => pseudo(r, k) < 50), cachedColumns: 30 }
    const stream = packStream(m)
    expect(stream.chunks).toBe(4)
    expectComplete(stream, m)
    const words = new Int32Array(stream.data.buffer)
    for (const { columns, starts, rows, records } of stream.segments) {
      expect(columns[1] - columns[0]).toBe(25)
      records.forEach((count, b) => {
        for (let i = 0; i < count; i++) {
          const column = words[starts[b]! / 4 + i * (rows + 1)]! / 12
          expect(column >= columns[0] && column < columns[1]).toBe(true)
        }
      })
    }
    const splits = splitSegments(stream, 3).map(({ words: first }) => [...(first as Int32Array)])
    // a part works on the same rows in each range
    const perChunk = splits.length / 4
    splits.forEach((first, i) => expect(first).toEqual(splits[i % perChunk]))
    expect(packStream({ ...m, cachedColumns: 100 }).chunks).toBe(1)
  })

  test('rows are scaled', () => {
    const m = { ...matrixOf(6, 5, 3, (r, k) => (r + k) % 2 === 0), scale: [1, 2, 3, 4, 5, 6] }
    expectComplete(packStream(m), m)
  })

  test('no column that is zero in all rows of a block is stored, unless dense blocks are asked for', () => {
    const m = matrixOf(10, 20, 10, (r, k) => k % 2 === 0)
    expect(packStream(m).height).toBe(5)
    expect(unpack(packStream(m), m).records).toBe(2 * 10)
    expect(unpack(packStream(m, 'dense'), m).records).toBe(2 * 20)
    const empty = matrixOf(5, 20, 5, () => false)
    expect(packStream(empty).data.length).toBe(0)
  })

  test('one row per group, the rows of all groups in one segment', () => {
    const m = matrixOf(6, 9, 1, () => true)
    const stream = packStream(m)
    expect(stream.segments.map((s) => [s.rows, s.row, s.blocks])).toEqual([[1, 0, 6]])
    expectComplete(stream, m)
  })
})

test('the estimate takes dense blocks for dense weights, blocks for blocks, rows for scattered weights', () => {
  const pick = (keep: (row: number, column: number) => boolean): string =>
    packStream(matrixOf(40, 200, 40, keep)).kernel
  expect(pick(() => true)).toMatch(/^dense/)
  expect(pick((r, k) => pseudo(r, k) < 90)).toMatch(/^dense/)
  expect(pick((r, k) => pseudo(r, k) < 10)).toBe('unstructured')
  expect(pick((r, k) => pseudo(r >> 2, k) < 10)).toBe('4×1 blocks')
  expect(pick((r, k) => pseudo(r >> 1, k) < 10)).toBe('2×1 blocks')
})

test('weights that may change keep their zeros, and are written again in place', () => {
  const before = matrixOf(7, 6, 7, (r, k) => (r + k) % 3 === 0)
  const after = matrixOf(7, 6, 7, (r, k) => (r + k) % 3 === 1)
  const stream = packStream(before, 'auto', true)
  writeStream(after, stream.bits, stream.segments, stream.data)
  expectComplete(stream, after)
})

test('the parts of a split take every block once, in order, and equal blocks evenly', () => {
  const split = fc.record({
    rows: fc.integer({ min: 1, max: 30 }),
    columns: fc.integer({ min: 1, max: 12 }),
    density: fc.nat(97),
    parts: fc.integer({ min: 1, max: 5 }),
    form: fc.constantFrom<Form>('auto', 'dense', 'sparse'),
  })
  fc.assert(
    fc.property(split, ({ rows, columns, density, parts, form }) => {
      const stream = packStream(
        matrixOf(rows, columns, rows, (r, k) => pseudo(r, k) < density),
        form,
      )
      const { segments } = stream
      const firsts = splitSegments(stream, parts).map(({ words }) => [...(words as Int32Array)])
      firsts.forEach((first, i) => {
        expect([first.length, first[0], first[parts]]).toEqual([parts + 1, 0, segments[i]!.blocks])
        for (let part = 0; part < parts; part++) expect(first[part + 1]! >= first[part]!).toBe(true)
      })
    }),
    { numRuns: 60 },
  )
  const even = packStream(
    matrixOf(40, 10, 40, () => true),
    'dense',
  )
  const [first] = splitSegments(even, 4)
  expect([...(first!.words as Int32Array)]).toEqual([0, 2, 4, 6, 8])
})
