import { chunk, type Chunk } from '../plan/words.js'

/** Rows of one output that share a record: R rows per block, `blocks` of them from `row` on. */
export interface Segment {
  readonly rows: number
  readonly row: number
  readonly blocks: number
  /** Byte offset of each block's first record in the stream, and the end. */
  readonly starts: Int32Array
  /** Records of each block. */
  readonly records: Int32Array
}

/** A weight matrix as the kernels read it: records of (u32 byte offset, R × f32 weight), block after block. */
export interface Stream {
  readonly data: Float32Array
  readonly segments: readonly Segment[]
  readonly kernel: string
  readonly reason: string
}

/** A matrix of `rows` × `columns`, with the byte offset at which a row of it finds each column's input. */
export interface Matrix {
  readonly rows: number
  readonly columns: number
  /** Row-major. */
  readonly weights: ArrayLike<number>
  /** Multiplies each row. */
  readonly scale?: ArrayLike<number>
  /** Rows that may share records: of one group of a convolution. */
  readonly rowsPerGroup: number
  offset(group: number, column: number): number
}

export type Form = 'auto' | 'dense' | 'sparse'

/**
 * Multiplications per nanosecond of each block height, measured with `npm run bench -- --break-even` (one thread, relaxed
 * SIMD): only their ratios matter, to choose between forms. More rows share each load of an input; more zeros are stored.
 */
const rates: Readonly<Record<number, number>> = { 1: 22, 2: 29, 4: 29, 5: 31 }

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

/** For each column whether any of the block's rows has a weight there. */
function used(m: Matrix, row: number, R: number, column: number): boolean {
  for (let r = 0; r < R; r++) if (m.weights[(row + r) * m.columns + column] !== 0) return true
  return false
}

function recordsOf(m: Matrix, R: number): number {
  let work = 0
  for (let g = 0; g < m.rows; g += m.rowsPerGroup) {
    for (const part of heights(m.rowsPerGroup, R)) {
      for (let b = 0; b < part.blocks; b++) {
        const row = g + part.row + b * part.rows
        let records = 0
        for (let k = 0; k < m.columns; k++) if (used(m, row, part.rows, k)) records++
        // a block costs some records by itself: its sums are begun and stored, and the loop's end is mispredicted
        work += ((records + 2) * part.rows) / rates[part.rows]!
      }
    }
  }
  return work
}

/**
 * Packs a matrix in the form that is expected to be fastest: single rows, blocks of 2 or 4 rows (with the zeros that
 * they take in), or dense blocks of 5 rows.
 */
export function packStream(m: Matrix, form: Form = 'auto', keepZeros = false): Stream {
  const tall = [5, 4, 2, 1].filter((R) => R === 1 || R <= m.rowsPerGroup)
  let best = tall[0]!
  const estimates = new Map<number, number>()
  let reason = 'weights may change: zeros are kept'
  if (!keepZeros && m.rowsPerGroup > 1) {
    const candidates = form === 'dense' ? [best] : form === 'sparse' ? tall.filter((R) => R < 5) : tall
    for (const R of candidates) estimates.set(R, recordsOf(m, R))
    const costs = [...estimates].sort((a, b) => a[1] - b[1])
    best = costs[0]![0]
    const others = costs.slice(1).map(([R, cost]) => `${kernelName(R)} ${(cost / costs[0]![1]).toFixed(2)}×`)
    reason = others.length > 0 ? `estimated fastest; ${others.join(', ')}` : `asked for: ${form}`
  } else if (m.rowsPerGroup === 1) reason = 'one row per group'
  const segments: Segment[] = []
  let length = 0
  for (let g = 0; g < m.rows; g += m.rowsPerGroup) {
    for (const part of heights(m.rowsPerGroup, best)) {
      const starts = new Int32Array(part.blocks + 1)
      const records = new Int32Array(part.blocks)
      for (let b = 0; b < part.blocks; b++) {
        const row = g + part.row + b * part.rows
        let count = 0
        for (let k = 0; k < m.columns; k++) if (keepZeros || used(m, row, part.rows, k)) count++
        starts[b] = length * 4
        records[b] = count
        length += count * (1 + part.rows)
      }
      starts[part.blocks] = length * 4
      segments.push({ rows: part.rows, row: g + part.row, blocks: part.blocks, starts, records })
    }
  }
  const data = new Float32Array(length)
  writeStream(m, segments, data, keepZeros)
  return { data, segments: joinSegments(segments), kernel: kernelName(best), reason }
}

const kernelName = (R: number): string => (R === 5 ? 'dense 5×2' : R === 1 ? 'unstructured' : `${R}×1 blocks`)

/** Fills the records; again when the weights were changed. */
export function writeStream(m: Matrix, segments: readonly Segment[], data: Float32Array, keepZeros: boolean): void {
  const words = new Int32Array(data.buffer, data.byteOffset, data.length)
  for (const segment of segments) {
    const group = Math.floor(segment.row / m.rowsPerGroup)
    for (let b = 0; b < segment.blocks; b++) {
      const row = segment.row + b * segment.rows
      let p = segment.starts[b]! / 4
      for (let k = 0; k < m.columns; k++) {
        if (!keepZeros && !used(m, row, segment.rows, k)) continue
        words[p++] = m.offset(group, k)
        for (let r = 0; r < segment.rows; r++) {
          data[p++] = m.weights[(row + r) * m.columns + k]! * (m.scale ? m.scale[row + r]! : 1)
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
      out[out.length - 1] = { rows: s.rows, row: last.row, blocks: last.blocks + s.blocks, starts, records }
    } else out.push(s)
  }
  return out
}

/** First block of each part, in every segment: parts of equal work, cut between rows. */
export function splitSegments(segments: readonly Segment[], parts: number): Chunk[] {
  const work = (s: Segment, b: number): number => ((s.records[b]! + 2) * s.rows) / rates[s.rows]!
  let total = 0
  for (const s of segments) for (let b = 0; b < s.blocks; b++) total += work(s, b)
  let done = 0
  let part = 1
  return segments.map((s) => {
    const first = new Int32Array(parts + 1).fill(s.blocks)
    first.fill(0, 0, part)
    for (let b = 0; b < s.blocks; b++) {
      // the middle of a block decides to which part it goes
      const middle = done + work(s, b) / 2
      while (part < parts && middle > (total * part) / parts) first[part++] = b
      done += work(s, b)
    }
    return chunk(first)
  })
}
