import { TacoError } from '@tacojs/errors'
import { checkLength, checkSizes } from './check.js'
import { hostMatrix } from './host.js'
import type { Loaded } from './kernels.js'
import type { Matrix } from './matrix.js'
import { download, upload } from './transfer.js'
import type { Admm, AdmmOptions } from './types.js'

export type Iteration = Omit<Admm, 'dispose' | typeof Symbol.dispose> & { free(): void }

const line = 64
const word = 4

/** Reserves what the iteration needs. Throws INVALID_ARGUMENT, and OUT_OF_MEMORY with nothing reserved. */
export function iterationOf(on: Loaded, { m, n, q, b, v, rho, open }: AdmmOptions): Iteration {
  checkSizes('admm', { m, n })
  checkLength('admm', 'q', q, n * n)
  checkLength('admm', 'b', b, m * n)
  checkLength('admm', 'v', v, m * n)
  if (open) checkLength('admm', 'open', open, m * n, Uint8Array)
  const k = on.f32
  const { memory } = k
  // rows of whole vectors, an odd number of cache lines apart, as in `reserve`
  const rs = ((Math.ceil((n * word) / line) | 1) * line) / word
  const bytes = m * rs * word
  const panelBytes = on.panelBytes(n)
  const base = memory.keep(4 * bytes + panelBytes)
  const [state, s, pruned, closed, panels] = [0, 1, 2, 3, 4].map((i) => base + i * bytes) as [
    number,
    number,
    number,
    number,
    number,
  ]
  const matrix = (pointer: number): Matrix => ({ pointer, rows: m, cols: n, rs, cs: 1 })
  let openCount = m * n

  /** −1 where a flag is 0, otherwise 0. */
  const writeWords = (given: Uint8Array, words: number): void => {
    const flags = memory.alloc(m * n)
    memory.uint8(flags, m * n).set(given)
    on.wordsOf(m, n, flags, words, rs * word)
  }
  const begin = (): void => {
    memory.uint8(base, 4 * bytes).fill(0)
    const mark = memory.mark()
    const right = upload(k, hostMatrix('q', q, n, n))
    const left = upload(k, hostMatrix('b', b, m, n))
    const product = { m, n, k: n, a: left, b: right, c: matrix(s), work: m * n * n }
    k.run('product', product)
    k.run('packAll', { n, a: right, b: right, f: panels, work: n * n })
    memory.release(mark)
    copyRows(v, memory.float32(state, m * rs), n, rs)
    if (open) {
      writeWords(open, closed)
      openCount = 0
      for (let i = 0; i < open.length; i++) if (open[i]) openCount++
    }
  }
  try {
    begin()
  } catch (error) {
    memory.free(base)
    throw error
  }

  return {
    prune(count) {
      if (!(Number.isSafeInteger(count) && count >= 0 && count <= openCount)) {
        throw new TacoError(
          'INVALID_ARGUMENT',
          `admm: ${count} of ${openCount} open values are to be pruned; give an integer up to that`,
        )
      }
      const [d, e] = [pruned, open ? closed : 0]
      const c = matrix(state)
      // counting is several times as dear as a multiply-add
      k.run('smallest', { m, n, k: count, a: c, c, d, e, flags: on.most, work: 8 * m * n })
    },
    choose(mask) {
      checkLength('admm', 'mask', mask, m * n, Uint8Array)
      writeWords(mask, pruned)
    },
    step() {
      const c = matrix(state)
      k.run('iterate', { m, n, alpha: rho, a: c, c, d: pruned, e: s, f: panels, work: m * n * n })
    },
    values() {
      const values = new Float32Array(m * n)
      download(k, matrix(state), hostMatrix('v', values, m, n))
      return values
    },
    mask() {
      const flags = memory.alloc(m * n)
      on.flagsOf(m, n, pruned, rs * word, flags)
      return memory.uint8(flags, m * n).slice()
    },
    free: () => memory.free(base),
  }
}

function copyRows(from: Float32Array, to: Float32Array, n: number, rs: number): void {
  for (let i = 0, at = 0; i < from.length; i += n, at += rs) to.set(from.subarray(i, i + n), at)
}
