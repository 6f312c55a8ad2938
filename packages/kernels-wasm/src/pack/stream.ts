import { chunk, type Chunk } from '../plan/words.js'
import { bitsOf, countBits, readBits, unite, type Bits } from './bits.js'

/** Rows of one output that share a record: R rows per block, `blocks` of them from `row` on. */
export interface Segment {
  readonly rows: number
  readonly row: number
  readonly blocks: number
  /** The columns that its records belong to: all of them, or a chunk whose inputs fit the first-level cache. */
  readonly columns: readonly [number, number]
  /** Byte offset of each block's first record in the stream, and the end. */
  readonly starts: Int32Array
  /** Records of each block. */
  readonly records: Int32Array
}

/** A weight matrix as the kernels read it: records of (u32 byte offset, R × f32 weight), block after block. */
export interface Stream {
  readonly data: Float32Array
  readonly segments: readonly Segment[]
  /** Rows per block, but for what is left over. */
  readonly height: number
  readonly kernel: string
  readonly reason: string
  /** Which weights are stored. */
  readonly bits: Bits
  /** Into how many ranges of columns the sums are cut; segments come range by range, the same rows in each. */
  readonly chunks: number
}

/** A matrix of `rows` × `columns`, with the byte offset at which a row of it finds each column's input. */
export interface Matrix {
  readonly rows: number
  readonly columns: number
  /** Row-major. */
  readonly weights: Float32Array
  /** Multiplies each row. */
  readonly scale?: ArrayLike<number>
  /** Rows that may share records: of one group of a convolution. */
  readonly rowsPerGroup: number
  /** Columns whose inputs for one tile fit the first-level cache. */
  readonly cachedColumns?: number
  offset(group: number, column: number): number
}

export type Form = 'auto' | 'dense' | 'sparse'

/**
 * How many multiplications each block height does in the time of others, on x86 cores: only ratios matter, to choose
 * between forms. More rows share each load of an input, and take in more zeros. `npm run bench -- --break-even` shows
 * whether the choice is right.
 */
const rates: Readonly<Record<number, number>> = { 1: 25, 2: 30.5, 4: 30.5, 5: 31 }

/** What is left of a group's rows after blocks of R. */
function heights(rows: number, R: number): { rows: number; row: number; blocks: number }[] {
  const out: { rows: number; row: number; blocks: number }[] = []
  let row = 0
  for (const height of [R, 4, 2, 1]) {
    if (height > R) continue
    const blocks = Math.floor((rows - row) / height)
    if (blocks > 0) out.push({ rows: height, row, blocks })
    row += blocks * height
  }
  return out
}

function workOf(m: Matrix, bits: Bits, R: number): number {
  const union = new Uint32Array(bits.perRow)
  const all = [0, m.columns] as const
  let work = 0
  for (let g = 0; g < m.rows; g += m.rowsPerGroup) {
    for (const part of heights(m.rowsPerGroup, R)) {
      // a block costs some records by itself: its sums are begun and stored, and the loop's end is mispredicted
      let records = 2 * part.blocks
      const first = (g + part.row) * bits.perRow
      if (part.rows === 1) records += countBits(bits.words, first, first + part.blocks * bits.perRow)
      else {
        for (let b = 0; b < part.blocks; b++) {
          unite(bits, g + part.row + b * part.rows, part.rows, all, union)
          records += countBits(union)
        }
      }
      work += (records * part.rows) / rates[part.rows]!
    }
  }
  return work
}

/** The block height to pack in, and why that one. */
function choose(m: Matrix, bits: Bits, form: Form, keepZeros: boolean): { height: number; reason: string } {
  const all = [5, 4, 2, 1].filter((R) => R === 1 || R <= m.rowsPerGroup)
  const height = all[0]!
  if (height === 1) return { height, reason: 'one row per group' }
  if (keepZeros) return { height, reason: 'weights may change: zeros are kept' }
  if (form === 'dense') return { height, reason: 'asked for' }
  const works = all.filter((R) => form === 'auto' || R < 5).map((R): [number, number] => [R, workOf(m, bits, R)])
  works.sort((a, b) => a[1] - b[1])
  const [best, ...others] = works as [[number, number], ...[number, number][]]
  const slower = others.map(([R, work]) => `${kernelName(R)} ${(work / best[1]).toFixed(2)}×`).join(', ')
  return { height: best[0], reason: slower === '' ? 'the only one' : `least estimated time; ${slower}` }
}

/**
 * Packs a matrix in the form that is expected to be fastest: single rows, blocks of 2 or 4 rows (with the zeros that
 * they take in), or dense blocks of 5 rows, without the columns that are zero in all of them; asked for dense, with
 * every zero. Throws a RangeError with the index of a weight that is not a number.
 */
export function packStream(m: Matrix, form: Form = 'auto', keepZeros = false): Stream {
  const full = keepZeros || form === 'dense'
  const bits = full ? readBits(m) : bitsOf(m)
  if (bits.notANumber >= 0) throw new RangeError(String(bits.notANumber))
  if (full) bits.words.fill(0xffffffff)
  const { height, reason } = choose(m, bits, form, keepZeros)
  const ranges = m.rowsPerGroup === m.rows ? chunksOf(m, bits) : [[0, m.columns] as const]
  const union = new Uint32Array(bits.perRow)
  const segments: Segment[] = []
  let length = 0
  for (const range of ranges) {
    for (let g = 0; g < m.rows; g += m.rowsPerGroup) {
      for (const part of heights(m.rowsPerGroup, height)) {
        const starts = new Int32Array(part.blocks + 1)
        const records = new Int32Array(part.blocks)
        for (let b = 0; b < part.blocks; b++) {
          unite(bits, g + part.row + b * part.rows, part.rows, range, union)
          const count = countBits(union, range[0] >>> 5, (range[1] + 31) >>> 5)
          starts[b] = length * 4
          records[b] = count
          length += count * (1 + part.rows)
        }
        starts[part.blocks] = length * 4
        segments.push({ ...part, row: g + part.row, columns: range, starts, records })
      }
    }
  }
  const data = new Float32Array(length)
  writeStream(m, bits, segments, data)
  const joined = ranges.length === 1 ? joinSegments(segments) : segments
  return { data, segments: joined, height, kernel: kernelName(height), reason, bits, chunks: ranges.length }
}

/** Sums of fewer products are not worth reading and writing them once more. */
const fewestPerChunk = 10

/** Ranges of columns, as even as can be, each of which the cache holds; one where rows have too few weights for more. */
function chunksOf(m: Matrix, bits: Bits): (readonly [number, number])[] {
  const { columns, cachedColumns = columns } = m
  const perRow = countBits(bits.words) / m.rows
  const count = Math.max(1, Math.min(Math.ceil(columns / cachedColumns), Math.floor(perRow / fewestPerChunk)))
  const border = (i: number): number => Math.round((columns * i) / count)
  return Array.from({ length: count }, (_, i) => [border(i), border(i + 1)] as const)
}

const kernelName = (R: number): string => (R === 5 ? 'dense 5×2' : R === 1 ? 'unstructured' : `${R}×1 blocks`)

/** Fills the records; again when the weights were changed. */
export function writeStream(m: Matrix, bits: Bits, segments: readonly Segment[], data: Float32Array): void {
  const { columns, weights, scale } = m
  const words = new Int32Array(data.buffer, data.byteOffset, data.length)
  const union = new Uint32Array(bits.perRow)
  const offsets = new Int32Array(columns)
  let group = -1
  for (const { rows, row: from, blocks, starts, columns: range } of segments) {
    for (let b = 0; b < blocks; b++) {
      const row = from + b * rows
      if (Math.floor(row / m.rowsPerGroup) !== group) {
        group = Math.floor(row / m.rowsPerGroup)
        for (let k = 0; k < columns; k++) offsets[k] = m.offset(group, k)
      }
      unite(bits, row, rows, range, union)
      let p = starts[b]! / 4
      const end = (range[1] + 31) >>> 5
      for (let i = range[0] >>> 5; i < end; i++) {
        // from the lowest bit up
        for (let rest = union[i]!; rest !== 0; rest &= rest - 1) {
          const k = i * 32 + 31 - Math.clz32(rest & -rest)
          words[p++] = offsets[k]!
          for (let r = row, at = row * columns + k; r < row + rows; r++, at += columns) {
            data[p++] = scale ? weights[at]! * scale[r]! : weights[at]!
          }
        }
      }
    }
  }
}

/** Segments of one height that follow each other (the groups of a depthwise convolution) are one. */
function joinSegments(segments: readonly Segment[]): Segment[] {
  const out: Segment[] = []
  for (const s of segments) {
    const last = out[out.length - 1]
    if (last && last.rows === s.rows && last.row + last.blocks * last.rows === s.row) {
      const starts = new Int32Array(last.starts.length + s.blocks)
      starts.set(last.starts)
      starts.set(s.starts, last.blocks)
      const records = new Int32Array(last.blocks + s.blocks)
      records.set(last.records)
      records.set(s.records, last.blocks)
      out[out.length - 1] = {
        rows: s.rows,
        row: last.row,
        blocks: last.blocks + s.blocks,
        columns: s.columns,
        starts,
        records,
      }
    } else out.push(s)
  }
  return out
}

/** First block of each part, in every segment: parts of equal work, cut between rows, the same ones in every chunk. */
export function splitSegments({ segments, chunks }: Stream, parts: number): Chunk[] {
  if (parts === 1) return segments.map(({ blocks }) => chunk([0, blocks]))
  const perChunk = segments.length / chunks
  const work = (i: number, b: number): number => {
    let sum = 0
    for (let c = 0; c < chunks; c++) sum += segments[c * perChunk + i]!.records[b]! + 2
    return (sum * segments[i]!.rows) / rates[segments[i]!.rows]!
  }
  let total = 0
  for (let i = 0; i < perChunk; i++) for (let b = 0; b < segments[i]!.blocks; b++) total += work(i, b)
  let done = 0
  let part = 1
  const firsts = segments.slice(0, perChunk).map(({ blocks }, i) => {
    const first = new Int32Array(parts + 1).fill(blocks)
    first.fill(0, 0, part)
    for (let b = 0; b < blocks; b++) {
      // the middle of a block decides to which part it goes
      const middle = done + work(i, b) / 2
      while (part < parts && middle > (total * part) / parts) first[part++] = b
      done += work(i, b)
    }
    return chunk(first)
  })
  return segments.map((_, i) => firsts[i % perChunk]!)
}
