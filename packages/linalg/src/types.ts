/** All arrays of one call have the same type. Matrices are row-major. */
export type FloatArray = Float32Array | Float64Array

export type Uplo = 'L' | 'U'

export interface GemmOptions {
  readonly transA?: boolean
  readonly transB?: boolean
  readonly m: number
  readonly n: number
  readonly k: number
  /** 1 unless given. */
  readonly alpha?: number
  /** m×k, or k×m when transA. */
  readonly a: FloatArray
  /** Elements from one row of A to the next; the row length unless given. */
  readonly lda?: number
  /** Index of A's first element; 0 unless given. */
  readonly aOffset?: number
  /** k×n, or n×k when transB. */
  readonly b: FloatArray
  readonly ldb?: number
  readonly bOffset?: number
  /** 0 unless given: C is then only written, whatever it holds. */
  readonly beta?: number
  /** m×n. */
  readonly c: FloatArray
  readonly ldc?: number
  readonly cOffset?: number
}

export interface SyrkOptions {
  /** true: C ← alpha·AᵀA + beta·C with A k×n; false: alpha·A·Aᵀ with A n×k. */
  readonly trans: boolean
  readonly n: number
  readonly k: number
  readonly alpha?: number
  readonly a: FloatArray
  readonly lda?: number
  readonly aOffset?: number
  /** 0 unless given. Otherwise the upper triangle of C is read, and the lower one is taken to mirror it. */
  readonly beta?: number
  /** n×n; both triangles are written. */
  readonly c: FloatArray
  readonly ldc?: number
  readonly cOffset?: number
}

export interface TriangularOptions {
  /** Which triangle of A is read: lower or upper. */
  readonly uplo: Uplo
  readonly n: number
  /** n×n. */
  readonly a: FloatArray
  readonly lda?: number
  readonly aOffset?: number
}

export interface TrsmOptions {
  /** L: B ← alpha·op(A)⁻¹·B, A m×m. R: B ← alpha·B·op(A)⁻¹, A n×n. */
  readonly side: 'L' | 'R'
  readonly uplo: Uplo
  readonly transA: boolean
  /** U: the diagonal of A is taken to be 1 and is not read. */
  readonly diag?: 'N' | 'U'
  readonly m: number
  readonly n: number
  readonly alpha?: number
  readonly a: FloatArray
  readonly lda?: number
  readonly aOffset?: number
  /** m×n. */
  readonly b: FloatArray
  readonly ldb?: number
  readonly bOffset?: number
}

export interface PosvOptions {
  readonly n: number
  /** Number of right-hand sides. */
  readonly nrhs: number
  /** n×n, symmetric; its lower triangle is read. */
  readonly a: FloatArray
  /** nrhs×n: one right-hand side per row, replaced by its solution. */
  readonly b: FloatArray
}

export interface PosvPrincipalOptions {
  readonly n: number
  /** [n, n], symmetric; its lower triangle is read. */
  readonly a: Float64Array
  /** What is added to the diagonal; 0 unless given. */
  readonly shift?: number
  readonly systems: readonly {
    /** Ascending: the rows and columns of A that the system has. */
    readonly support: Int32Array
    /** Number of right-hand sides. */
    readonly nrhs: number
    /** [nrhs, support's length]: one right-hand side per row, replaced by its solution. */
    readonly b: Float64Array
  }[]
}

export interface ScatterOptions {
  /** Number of values of an x, and of a y; a y may have none. */
  readonly sizes: readonly [x: number, y: number]
  /** [number of values]: what is subtracted from each x and y before it counts; 0 unless given. */
  readonly xShift?: Float32Array
  readonly yShift?: Float32Array
  /** Whether the products of the y with each other are wanted; not unless given. */
  readonly yy?: boolean
}

/**
 * Sums over vectors x and y, with x̂ = x − xShift and ŷ = y − yShift. Products are f32 for 256 positions, and the sums of
 * these f64, so that the error does not grow with the positions. The same bits however the positions come in batches.
 */
export interface Scatter {
  /** Adds k positions, x [k, values] and y [k, values], with weights w [k], not negative, 1 unless given. */
  add(positions: {
    readonly k: number
    readonly x: Float32Array
    readonly y: Float32Array
    readonly weights?: Float32Array
  }): void
  /** The sums of all that was added. Frees the memory: nothing can be added any more. */
  finish(): ScatterSums
  /** Frees the memory; idempotent. */
  dispose(): void
  [Symbol.dispose](): void
}

export interface ScatterSums {
  /** Σ w·x̂x̂ᵀ, exactly symmetric. */
  readonly xx: Float64Array
  /** Σ w·ŷx̂ᵀ [values of y, values of x]. */
  readonly yx: Float64Array
  /** Σ w·ŷŷᵀ, exactly symmetric, where it is wanted. */
  readonly yy: Float64Array | undefined
  /** Σ w·x̂ and Σ w·ŷ. */
  readonly x: Float64Array
  readonly y: Float64Array
  /** Σ w·ŷ², value by value. */
  readonly ySquares: Float64Array
}

/** (S·A·S)⁻¹, S = diag(scale), with `diagonal` in the place of the diagonal of S·A·S. */
export interface InverseOf {
  /** A [n, n], symmetric; what lies above the diagonal is not read. */
  readonly a: Float64Array
  /** [n]. */
  readonly scale: Float64Array
  readonly diagonal: number
}

export interface AdmmOptions {
  readonly m: number
  readonly n: number
  /** Q [n, n], or what it is the inverse of. */
  readonly q: Float32Array | InverseOf
  /** B [m, n]. */
  readonly b: Float32Array
  /** V [m, n] to begin with. */
  readonly v: Float32Array
  readonly rho: number
  /** What `prune` counts: blocks of so many rows × columns, smaller ones at the edges; single values unless given. */
  readonly block?: readonly [rows: number, cols: number]
  /** Of each value or block, row by row: 0 where it is always pruned and never counts; all 1 unless given. */
  readonly open?: Uint8Array
  /** [m, n], only with blocks: 0 where a value is always pruned, whatever becomes of its block; all 1 unless given. */
  readonly allowed?: Uint8Array
}

/**
 * ADMM for the minimum of a quadratic with few non-zeros, W = (B + ρ(Z − U))Q, Z the part of V = W + U that a mask keeps,
 * U ← V − Z. V is all that is iterated on: Z − U is V, with its sign changed where it is pruned. In f32; V and what belongs
 * to it stay in the kernels' memory.
 */
export interface Admm {
  /**
   * Masks the `count` open values of V that are nearest to 0, or the blocks whose Σv² is the least, the lowest index first
   * among equals, and what is always pruned; the rest is kept. INVALID_ARGUMENT where fewer are open.
   */
  prune(count: number): void
  /**
   * Masks all but the `kept` largest of each `size` consecutive values of a row, of t left over at its end all but
   * ⌈t·kept/size⌉; those that are always pruned are among these, then those go whose column is 1 in `first` [n].
   */
  pruneGroups(kept: number, size: number, first?: Uint8Array): void
  /** V ← (B + ρ(Z − U))Q + U, with the mask that was set last. */
  step(): void
  /** A copy of V [m, n]. */
  values(): Float32Array
  /** The mask that was set last [m, n]: 1 where a value is kept. */
  mask(): Uint8Array
  /** Frees the memory; idempotent. */
  dispose(): void
  [Symbol.dispose](): void
}

/**
 * Dense numerics under their BLAS and LAPACK names, row-major, on Float32Array or Float64Array. The same inputs give the
 * same bits on each call. A wrong size or type throws INVALID_ARGUMENT, a call after `dispose()` DISPOSED, memory that
 * cannot be had OUT_OF_MEMORY, the loss of a thread THREAD_LOST, as does each call after it; what a call would have
 * written is then untouched or, for gemm and syrk, partly written.
 */
export interface Linalg {
  /** Threads that large calls are shared among, and why there are fewer than wanted, if so. */
  readonly threads: { readonly size: number; readonly reason: string | undefined }
  /** C ← alpha·op(A)·op(B) + beta·C. C must not overlap A or B. */
  gemm(options: GemmOptions): void
  /** C ← alpha·AᵀA + beta·C or alpha·AAᵀ + beta·C; exactly symmetric. C must not overlap A. */
  syrk(options: SyrkOptions): void
  /**
   * Cholesky, in place: A = L·Lᵀ ('L') or UᵀU ('U'); the other triangle is not read, and zeroed. Throws NUMERICAL with the
   * index of the first pivot that is not positive and finite; A is then untouched.
   */
  potrf(options: TriangularOptions): void
  /**
   * In place: the inverse of the symmetric matrix whose Cholesky factor A holds; both triangles are filled, exactly
   * symmetric. Throws NUMERICAL for a factor with a 0 on its diagonal; A is then untouched.
   */
  potri(options: TriangularOptions): void
  /** Solves with a triangular matrix, in place in B. A 0 on A's diagonal gives infinities, as in BLAS. */
  trsm(options: TrsmOptions): void
  /**
   * Each row b of B ← A⁻¹·b, A symmetric and positive definite; A is untouched. Made for thousands of small systems: up to
   * some hundred unknowns it is faster than potrf and trsm. Throws NUMERICAL, with B untouched, where A is not positive
   * definite.
   */
  posv(options: PosvOptions): void
  /**
   * Systems with principal submatrices of A + shift·I, each solved by one thread, which suits some hundred unknowns.
   * Gives 1 for each that is solved, 0 where its matrix is not positive definite: its b is then untouched.
   */
  posvPrincipal(options: PosvPrincipalOptions): Uint8Array
  /** In place inverse of a triangular matrix; the other triangle is not read, and zeroed. NUMERICAL as in potri. */
  trtri(options: TriangularOptions): void
  /**
   * Begins sums of products over many positions, which stay in the kernels' memory while batches are added: about 8 bytes
   * for each product that is wanted, and 8192 for each value of a position.
   */
  scatter(options: ScatterOptions): Scatter
  /**
   * Begins an iteration of ADMM; it needs about 4·(5·m·n + 2·n²) bytes, and to begin with as much again, or the 16·n² in
   * which a Q that is given by its inverse is made in f64; NUMERICAL where that is not positive definite.
   */
  admm(options: AdmmOptions): Admm
  /** Frees the memory; idempotent. */
  dispose(): void
  [Symbol.dispose](): void
}
