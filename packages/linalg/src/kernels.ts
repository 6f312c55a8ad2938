import { instantiate, type Arena, type InstantiateOptions } from '@tacojs/wasm'
import { kernels as embedded } from './generated/kernels.js'

type Precision = 32 | 64

interface Exports {
  packA32(src: number, rs: number, cs: number, m: number, k: number, dst: number): void
  packB32(src: number, rs: number, cs: number, k: number, n: number, dst: number): void
  multiply32(
    m: number,
    n: number,
    k: number,
    alpha: number,
    a: number,
    b: number,
    c: number,
    ldc: number,
    scratch: number,
  ): void
  cholesky32(n: number, a: number, rs: number, cs: number): number
  solveLower32(
    m: number,
    n: number,
    l: number,
    lrs: number,
    lcs: number,
    unit: number,
    x: number,
    xrs: number,
    xcs: number,
    scratch: number,
  ): void
  invertLower32(n: number, l: number, rs: number, cs: number): void
  posv32(n: number, count: number, a: number, b: number): number
  packA64: Exports['packA32']
  packB64: Exports['packB32']
  multiply64: Exports['multiply32']
  cholesky64: Exports['cholesky32']
  solveLower64: Exports['solveLower32']
  invertLower64: Exports['invertLower32']
  posv64: Exports['posv32']
}

/** The kernels of one precision, and the memory they work on. */
export interface Kernels {
  readonly arena: Arena
  /** Bytes of an element. */
  readonly size: 4 | 8
  /** Columns of a packed panel of B: two vectors. Panels of A have 4 rows. */
  readonly width: 8 | 4
  readonly packA: Exports['packA32']
  readonly packB: Exports['packB32']
  readonly multiply: Exports['multiply32']
  readonly cholesky: Exports['cholesky32']
  readonly solveLower: Exports['solveLower32']
  readonly invertLower: Exports['invertLower32']
  readonly posv: Exports['posv32']
}

/** Both precisions on one memory. */
export async function loadKernels(options: InstantiateOptions): Promise<{ f32: Kernels; f64: Kernels }> {
  const { exports, arena } = await instantiate<Exports>(embedded, options)
  const of = (bits: Precision): Kernels => ({
    arena,
    size: bits === 32 ? 4 : 8,
    width: bits === 32 ? 8 : 4,
    packA: exports[`packA${bits}`],
    packB: exports[`packB${bits}`],
    multiply: exports[`multiply${bits}`],
    cholesky: exports[`cholesky${bits}`],
    solveLower: exports[`solveLower${bits}`],
    invertLower: exports[`invertLower${bits}`],
    posv: exports[`posv${bits}`],
  })
  return { f32: of(32), f64: of(64) }
}
