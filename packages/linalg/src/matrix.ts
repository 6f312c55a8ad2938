/** A matrix in WebAssembly memory: pointer to element (0, 0), strides in elements (negative ones reverse an axis). */
export interface Matrix {
  readonly pointer: number
  readonly rows: number
  readonly cols: number
  readonly rs: number
  readonly cs: number
}

export const transpose = ({ pointer, rows, cols, rs, cs }: Matrix): Matrix => ({
  pointer,
  rows: cols,
  cols: rows,
  rs: cs,
  cs: rs,
})

/** Rows and columns in reverse order: turns an upper triangle into a lower one. */
export const reverse = (a: Matrix, size: number): Matrix => reverseCols(reverseRows(a, size), size)

export const reverseRows = (a: Matrix, size: number): Matrix => ({
  ...a,
  pointer: a.pointer + Math.max(0, a.rows - 1) * a.rs * size,
  rs: -a.rs,
})

export const reverseCols = (a: Matrix, size: number): Matrix => ({
  ...a,
  pointer: a.pointer + Math.max(0, a.cols - 1) * a.cs * size,
  cs: -a.cs,
})

/** Rows from r0 to r1 and columns from c0 to c1. */
export const block = (a: Matrix, size: number, r0: number, r1: number, c0: number, c1: number): Matrix => ({
  ...a,
  pointer: a.pointer + (r0 * a.rs + c0 * a.cs) * size,
  rows: r1 - r0,
  cols: c1 - c0,
})
