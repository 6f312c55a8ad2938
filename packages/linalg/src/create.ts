import { TacoError } from '@tacojs/errors'
import { iterationOf } from './admm.js'
import { checkLetter, checkSizes, elementSize } from './check.js'
import { potrf, potri, trsm, trtri } from './factors.js'
import { posv } from './posv.js'
import { posvPrincipal } from './principal.js'
import { loadKernels, type Kernels, type LinalgOptions, type Loaded } from './kernels.js'
import { gram, product } from './products.js'
import { hostMatrix, type HostMatrix } from './host.js'
import { sumsOf } from './scatter.js'
import type { FloatArray, Linalg, TriangularOptions } from './types.js'

/**
 * Compiles the embedded kernels and makes them ready; dispose of them when done. `build` chooses between base and relaxed
 * SIMD, `memoryLimit` bounds the wasm memory in bytes, `threads` shares large calls among threads, where they are to be
 * had. Throws UNSUPPORTED without WebAssembly SIMD, INVALID_ARGUMENT for another number of threads than 1 to 64 and for
 * a limit that is no number above 0.
 */
export async function createLinalg(options: LinalgOptions = {}): Promise<Linalg> {
  let loaded: Loaded | undefined = await loadKernels(options)
  const { team } = loaded

  /** Checks what all calls check, and frees the memory of a call however it ends. */
  const call = <T>(name: string, work: (on: Loaded) => T): T => {
    if (!loaded) throw new TacoError('DISPOSED', `${name}: this linalg was disposed of; create another`)
    if (loaded.lost) throw loaded.lost
    const { memory } = loaded.f32
    const mark = memory.mark()
    try {
      return work(loaded)
    } finally {
      memory.release(mark)
    }
  }

  /** Runs a call on the kernels of its precision. */
  const run = (
    name: string,
    sizes: Readonly<Record<string, number>>,
    arrays: readonly FloatArray[],
    work: (k: Kernels) => void,
  ) =>
    call(name, (on) => {
      checkSizes(name, sizes)
      work(elementSize(name, ...arrays) === 4 ? on.f32 : on.f64)
    })

  /** What stays in memory between calls, until it is freed. */
  const resident = <T extends { free(): void }>(name: string, create: (on: Loaded) => T) => {
    let it: T | undefined = call(name, create)
    return {
      open: <R>(work: (it: T) => R): R =>
        call(name, () => {
          if (it) return work(it)
          throw new TacoError('DISPOSED', `${name}: its memory was freed; begin another`)
        }),
      free() {
        it?.free()
        it = undefined
      },
    }
  }

  const triangular =
    (name: string, work: (k: Kernels, a: HostMatrix, uplo: 'L' | 'U') => void) =>
    ({ uplo, n, a, lda, aOffset }: TriangularOptions) =>
      run(name, { n }, [a], (k) => {
        checkLetter(name, 'uplo', uplo, ['L', 'U'])
        work(k, hostMatrix(`A of ${name}`, a, n, n, lda, aOffset), uplo)
      })

  const dispose = () => {
    team.dispose()
    loaded = undefined
  }

  return {
    get threads() {
      return { size: team.size, reason: team.reason }
    },

    gemm: ({ transA = false, transB = false, m, n, k: depth, alpha = 1, beta = 0, ...o }) =>
      run('gemm', { m, n, k: depth }, [o.a, o.b, o.c], (k) => {
        const a = hostMatrix('A of gemm', o.a, transA ? depth : m, transA ? m : depth, o.lda, o.aOffset)
        const b = hostMatrix('B of gemm', o.b, transB ? n : depth, transB ? depth : n, o.ldb, o.bOffset)
        const c = hostMatrix('C of gemm', o.c, m, n, o.ldc, o.cOffset)
        product(k, alpha, { host: a, trans: transA }, { host: b, trans: transB }, depth, beta, c)
      }),

    syrk: ({ trans, n, k: depth, alpha = 1, beta = 0, ...o }) =>
      run('syrk', { n, k: depth }, [o.a, o.c], (k) => {
        const a = hostMatrix('A of syrk', o.a, trans ? depth : n, trans ? n : depth, o.lda, o.aOffset)
        gram(k, alpha, { host: a, trans }, depth, beta, hostMatrix('C of syrk', o.c, n, n, o.ldc, o.cOffset))
      }),

    potrf: triangular('potrf', potrf),
    potri: triangular('potri', potri),
    trtri: triangular('trtri', trtri),

    trsm: ({ side, uplo, transA, diag = 'N', m, n, alpha = 1, ...o }) =>
      run('trsm', { m, n }, [o.a, o.b], (k) => {
        checkLetter('trsm', 'side', side, ['L', 'R'])
        checkLetter('trsm', 'uplo', uplo, ['L', 'U'])
        checkLetter('trsm', 'diag', diag, ['N', 'U'])
        const right = side === 'R'
        const size = right ? n : m
        const a = hostMatrix('A of trsm', o.a, size, size, o.lda, o.aOffset)
        const b = hostMatrix('B of trsm', o.b, m, n, o.ldb, o.bOffset)
        trsm(k, a, b, { right, lower: uplo === 'L', trans: transA, unit: diag === 'U', alpha })
      }),

    posv: ({ n, nrhs, a, b }) =>
      run('posv', { n, nrhs }, [a, b], (k) => {
        posv(k, hostMatrix('A of posv', a, n, n), hostMatrix('B of posv', b, nrhs, n))
      }),

    posvPrincipal: (options) => call('posvPrincipal', (on) => posvPrincipal(on, options)),

    scatter(options) {
      const { open, free } = resident('scatter', (on) => sumsOf(on, options))
      return {
        add: (positions) => open((it) => it.add(positions)),
        finish() {
          const sums = open((it) => it.finish())
          free()
          return sums
        },
        dispose: free,
        [Symbol.dispose]: free,
      }
    },

    admm(options) {
      const { open, free } = resident('admm', (on) => iterationOf(on, options))
      return {
        prune: (count) => open((it) => it.prune(count)),
        pruneGroups: (kept, size, first) => open((it) => it.pruneGroups(kept, size, first)),
        step: () => open((it) => it.step()),
        values: () => open((it) => it.values()),
        mask: () => open((it) => it.mask()),
        dispose: free,
        [Symbol.dispose]: free,
      }
    },

    dispose,
    [Symbol.dispose]: dispose,
  }
}
