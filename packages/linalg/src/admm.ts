import { TacoError } from '@tacojs/errors'
import { checkLength, checkSizes } from './check.js'
import { invertPositive } from './factors.js'
import { hostMatrix } from './host.js'
import type { Loaded } from './kernels.js'
import type { Matrix } from './matrix.js'
import { download, reserve, upload } from './transfer.js'
import type { Admm, AdmmOptions, InverseOf } from './types.js'

export type Iteration = Omit<Admm, 'dispose' | typeof Symbol.dispose> & { free(): void }

const line = 64
const word = 4

/** Elements from row to row of n: whole cache lines, an odd number of them, as in `reserve`. */
const stride = (n: number, size = word): number => ((Math.ceil((n * size) / line) | 1) * line) / size

function checkQ(q: AdmmOptions['q'], n: number): void {
  if ('a' in q) {
    checkLength('admm', 'a of q', q.a, n * n, Float64Array)
    checkLength('admm', 'scale of q', q.scale, n, Float64Array)
  } else checkLength('admm', 'q', q, n * n)
}

/** Rounded to f32. Throws NUMERICAL. */
function inverse({ f32, f64 }: Loaded, { a, scale, diagonal }: InverseOf, n: number): Matrix {
  const { memory } = f64
  const from = { pointer: memory.keep(n * stride(n, 8) * 8), rows: n, cols: n, rs: stride(n, 8), cs: 1 }
  try {
    for (let i = 0, at = 0; i < n; i++, at += n) {
      const row = memory.float64(from.pointer + i * from.rs * 8, i + 1)
      const factor = scale[i]!
      for (let j = 0; j < i; j++) row[j] = a[at + j]! * factor * scale[j]!
      row[i] = diagonal
    }
    invertPositive(f64, from, 'admm: the inverse of Q')
    const to = reserve(f32, n, n)
    for (let i = 0; i < n; i++) {
      const row = memory.float64(from.pointer + i * from.rs * 8, n)
      memory.float32(to.pointer + i * to.rs * word, n).set(row)
    }
    return to
  } finally {
    memory.free(from.pointer)
  }
}

/** Reserves what the iteration needs. Throws INVALID_ARGUMENT, NUMERICAL, and OUT_OF_MEMORY with nothing reserved. */
export function iterationOf(on: Loaded, options: AdmmOptions): Iteration {
  const { m, n, q, b, v, rho, open, allowed } = options
  const [height, width] = options.block ?? [1, 1]
  checkSizes('admm', { m, n, 'rows of a block': height, 'columns of a block': width })
  const single = height === 1 && width === 1
  if (height === 0 || width === 0 || (single && allowed)) {
    throw new TacoError(
      'INVALID_ARGUMENT',
      `admm: blocks of ${height}×${width}${allowed ? ' with allowed values' : ''}; give sizes from 1, and for single values open instead of allowed`,
    )
  }
  const [down, across] = [Math.ceil(m / height), Math.ceil(n / width)]
  checkQ(q, n)
  checkLength('admm', 'b', b, m * n)
  checkLength('admm', 'v', v, m * n)
  if (open) checkLength('admm', 'open', open, down * across, Uint8Array)
  if (allowed) checkLength('admm', 'allowed', allowed, m * n, Uint8Array)
  const k = on.f32
  const { memory } = k

  // before the rest, which then takes the place of what an inverse needs
  const right = 'a' in q ? inverse(on, q, n) : upload(k, hostMatrix('q', q, n, n))
  const values = m * stride(n) * word
  const blocks = single ? 0 : down * stride(across) * word
  const base = memory.keep(4 * values + 3 * blocks + on.panelBytes(n))
  const matrix = (pointer: number, rows: number, cols: number): Matrix => ({
    ...{ pointer, rows, cols, rs: stride(cols), cs: 1 },
  })
  const [state, s, pruned, gone] = [0, 1, 2, 3].map((i) => matrix(base + i * values, m, n)) as [
    Matrix,
    Matrix,
    Matrix,
    Matrix,
  ]
  // a single value is its own block, whose square has the order of its magnitude
  const [sums, out, closed] = single
    ? [state, pruned, gone]
    : ([0, 1, 2].map((i) => matrix(base + 4 * values + i * blocks, down, across)) as [Matrix, Matrix, Matrix])
  const panels = base + 4 * values + 3 * blocks
  let openCount = down * across

  /** −1 where a flag is 0, otherwise 0. */
  const writeWords = (flags: Uint8Array, words: Matrix): void => {
    const from = memory.alloc(flags.length)
    memory.uint8(from, flags.length).set(flags)
    on.wordsOf(words.rows, words.cols, from, words.pointer, words.rs * word)
  }
  const begin = (): void => {
    memory.uint8(base, panels - base).fill(0)
    const left = upload(k, hostMatrix('b', b, m, n))
    k.run('product', { m, n, k: n, a: left, b: right, c: s, work: m * n * n })
    k.run('packAll', { n, a: right, b: right, f: panels, work: n * n })
    const to = memory.float32(state.pointer, m * state.rs)
    for (let i = 0, at = 0; i < v.length; i += n, at += state.rs) to.set(v.subarray(i, i + n), at)
    if (allowed) writeWords(allowed, gone)
    if (!open) return
    writeWords(open, closed)
    openCount = 0
    for (let i = 0; i < open.length; i++) if (open[i]) openCount++
  }
  try {
    begin()
  } catch (error) {
    memory.free(base)
    throw error
  }
  /** Values that are always pruned. */
  const always = (single ? open : allowed) ? gone.pointer : 0
  // looking at a value is several times as dear as a multiply-add
  const work = 8 * m * n

  return {
    prune(count) {
      if (!(Number.isSafeInteger(count) && count >= 0 && count <= openCount)) {
        throw new TacoError(
          'INVALID_ARGUMENT',
          `admm: ${count} of ${openCount} open values or blocks are to be pruned; give an integer up to that`,
        )
      }
      const block = { m, n, k: height, a: sums, flags: width, e: always, work }
      if (!single) k.run('blockSums', { ...block, c: state })
      const [d, e] = [out.pointer, open ? closed.pointer : 0]
      k.run('smallest', { m: down, n: across, k: count, a: sums, c: sums, d, e, flags: on.most, work })
      if (!single) k.run('spread', { ...block, a: out, c: state, d: pruned.pointer })
    },
    pruneGroups(kept, size, first) {
      checkSizes('admm', { kept, size })
      if (size === 0 || !single) {
        throw new TacoError(
          'INVALID_ARGUMENT',
          'admm: groups have at least one value, and no blocks; give another size',
        )
      }
      if (first) checkLength('admm', 'first', first, n, Uint8Array)
      const f = first ? memory.alloc(n) : 0
      if (first) memory.uint8(f, n).set(first)
      k.run('groups', { m, n, k: size, flags: kept, a: state, c: state, d: pruned.pointer, e: always, f, work })
    },
    step() {
      const [d, e] = [pruned.pointer, s.pointer]
      k.run('iterate', { m, n, alpha: rho, a: state, c: state, d, e, f: panels, work: m * n * n })
    },
    values() {
      const copy = new Float32Array(m * n)
      download(k, state, hostMatrix('v', copy, m, n))
      return copy
    },
    mask() {
      const flags = memory.alloc(m * n)
      on.flagsOf(m, n, pruned.pointer, pruned.rs * word, flags)
      return memory.uint8(flags, m * n).slice()
    },
    free: () => memory.free(base),
  }
}
