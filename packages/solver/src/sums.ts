import type { Linalg } from '@tacojs/linalg'

/** Positions per f32 product; the sums of these are f64, so that the error does not grow with the positions. */
const CHUNK = 2048
/** Positions whose mean is near enough to that of all to lose nothing to it. */
const FOR_SHIFT = 256

/** Weighted sums over positions of vectors x and y. */
export interface Sums {
  /** Adds n positions, x [n, cols] and y [n, rows], with weights [n], 1 unless given. */
  add(x: Float32Array, y: Float32Array, n: number, weights?: Float32Array): void
  finish(): Totals
}

/** Products about the means m where these are asked for, otherwise about 0. */
export interface Totals {
  /** Σ w(x−m)(x−m)ᵀ [cols, cols]. */
  readonly xx: Float64Array
  /** Σ w(y−m)(x−m)ᵀ [rows, cols]. */
  readonly yx: Float64Array
  /** Σ w(y−m)(y−m)ᵀ [rows, rows]; all zeros unless asked for. */
  readonly yyMatrix: Float64Array
  /** Σ w‖y−m‖². */
  readonly yy: number
  readonly xMean: Float64Array
  readonly yMean: Float64Array
  /** Σ w. */
  readonly count: number
  readonly positions: number
}

/**
 * Streaming sums: products in f32 for some thousand positions, their sums in f64. About means, those of the first
 * positions are subtracted before the products, so that nothing is lost to large ones: with s that shift,
 * Σ(x−m)(x−m)ᵀ = Σ(x−s)(x−s)ᵀ − n(m−s)(m−s)ᵀ.
 *
 * @param options.yy whether the matrix of the y is wanted
 */
export function createSums(
  linalg: Linalg,
  options: { readonly rows: number; readonly cols: number; readonly centred: boolean; readonly yy?: boolean },
): Sums {
  const { rows, cols, centred } = options
  const xx = symmetric(linalg, cols)
  const yyMatrix = options.yy ? symmetric(linalg, rows) : undefined
  const yx = new Float64Array(rows * cols)
  // Of one chunk, which positions of several batches may share.
  const outer = new Float32Array(rows * cols)
  const xChunk = new Float32Array(CHUNK * cols)
  const yChunk = new Float32Array(CHUNK * rows)
  const xSum = new Float64Array(cols)
  const ySum = new Float64Array(rows)
  let xShift = new Float32Array(cols)
  let yShift = new Float32Array(rows)
  let [filled, yy, count, positions] = [0, 0, 0, 0]

  /** Adds the products of the chunk to the sums and empties it. */
  const flush = (): void => {
    if (filled === 0) return
    const ys = yChunk.subarray(0, filled * rows)
    xx.add(xChunk, filled)
    yyMatrix?.add(ys, filled)
    if (rows > 0) linalg.gemm({ transA: true, m: rows, n: cols, k: filled, a: ys, b: xChunk, c: outer })
    for (let i = 0; i < yx.length; i++) yx[i] += outer[i]
    yy += sumOfSquares(ys)
    filled = 0
  }

  return {
    add(x, y, n, given) {
      if (centred && positions === 0 && n > 0) {
        xShift = means(x, Math.min(n, FOR_SHIFT), cols)
        yShift = means(y, Math.min(n, FOR_SHIFT), rows)
      }
      for (let from = 0; from < n;) {
        const length = Math.min(CHUNK - filled, n - from)
        const weights = given?.subarray(from, from + length)
        shifted(x.subarray(from * cols, (from + length) * cols), xShift, weights, xSum, xChunk.subarray(filled * cols))
        shifted(y.subarray(from * rows, (from + length) * rows), yShift, weights, ySum, yChunk.subarray(filled * rows))
        for (let p = 0; p < length; p++) count += weights ? weights[p] : 1
        filled += length
        from += length
        if (filled === CHUNK) flush()
      }
      positions += n
    },

    finish() {
      flush()
      const centre = centred ? 1 / count : 0
      return {
        xx: aboutMeans(xx.whole(), xSum, xSum, centre),
        yx: aboutMeans(yx, ySum, xSum, centre),
        yyMatrix: yyMatrix ? aboutMeans(yyMatrix.whole(), ySum, ySum, centre) : new Float64Array(rows * rows),
        yy: Math.max(0, yy - ySum.reduce((sum, v) => sum + v * v, 0) * centre),
        xMean: xSum.map((v, j) => xShift[j] + v / count),
        yMean: ySum.map((v, row) => yShift[row] + v / count),
        count,
        positions,
      }
    },
  }
}

/** The sum of ΣVᵀV over chunks V [n, size]. */
function symmetric(linalg: Linalg, size: number): { add(chunk: Float32Array, n: number): void; whole(): Float64Array } {
  const gram = new Float32Array(size * size)
  const sum = new Float64Array(size * size)
  return {
    add(chunk, n) {
      linalg.syrk({ trans: true, n: size, k: n, a: chunk, c: gram })
      // the other triangle is the same
      for (let row = 0; row < size; row++) {
        for (let i = row * size + row; i < (row + 1) * size; i++) sum[i] += gram[i]
      }
    },
    whole() {
      for (let row = 0; row < size; row++) {
        for (let j = 0; j < row; j++) sum[row * size + j] = sum[j * size + row]
      }
      return sum
    },
  }
}

/** Σ(y−m)(x−m)ᵀ [rows, cols] from the sum of products and the sums; `centre` is 1/n, or 0 where it is about zero. */
function aboutMeans(products: Float64Array, ySum: Float64Array, xSum: Float64Array, centre: number): Float64Array {
  const cols = xSum.length
  const result = new Float64Array(products.length)
  for (let row = 0, i = 0; row < ySum.length; row++) {
    for (let j = 0; j < cols; j++, i++) result[i] = products[i] - ySum[row] * xSum[j] * centre
  }
  return result
}

/** Means over the first n positions, rounded to f32: x − mean of a constant input is then exactly 0. */
function means(values: Float32Array, n: number, width: number): Float32Array<ArrayBuffer> {
  const sums = new Float64Array(width)
  for (let p = 0, i = 0; p < n; p++) for (let j = 0; j < width; j++) sums[j] += values[i++]
  return Float32Array.from(sums, (v) => v / n)
}

/** √w(v − shift) of every position, in f32, to the beginning of `into`; adds the w(v − shift) to `sums`. */
function shifted(
  values: Float32Array,
  shift: Float32Array,
  weights: Float32Array | undefined,
  sums: Float64Array,
  into: Float32Array,
): void {
  const width = shift.length
  const even = values.length - (values.length % (4 * width))
  const factorOf = (position: number): number => (weights ? Math.sqrt(weights[position]) : 1)
  // four positions at a time: the shift is read, and the sum written, once for all of them
  for (let i = 0, p = 0; i < even; i += 4 * width, p += 4) {
    const [fa, fb, fc, fd] = [factorOf(p), factorOf(p + 1), factorOf(p + 2), factorOf(p + 3)]
    for (let j = 0, a = i, b = a + width, c = b + width, d = c + width; j < width; j++, a++, b++, c++, d++) {
      const s = shift[j]
      const va = Math.fround(fa * (values[a] - s))
      const vb = Math.fround(fb * (values[b] - s))
      const vc = Math.fround(fc * (values[c] - s))
      const vd = Math.fround(fd * (values[d] - s))
      into[a] = va
      into[b] = vb
      into[c] = vc
      into[d] = vd
      sums[j] = sums[j] + fa * va + fb * vb + fc * vc + fd * vd
    }
  }
  for (let i = even, p = even / width; i < values.length; p++) {
    const factor = factorOf(p)
    for (let j = 0; j < width; j++, i++) {
      const value = Math.fround(factor * (values[i] - shift[j]))
      into[i] = value
      sums[j] += factor * value
    }
  }
}

/** Four sums at once: one alone waits for itself. */
function sumOfSquares(values: Float32Array): number {
  let [a, b, c, d] = [0, 0, 0, 0]
  const even = values.length & ~3
  for (let i = 0; i < even; i += 4) {
    a += values[i] * values[i]
    b += values[i + 1] * values[i + 1]
    c += values[i + 2] * values[i + 2]
    d += values[i + 3] * values[i + 3]
  }
  for (let i = even; i < values.length; i++) a += values[i] * values[i]
  return a + b + (c + d)
}
