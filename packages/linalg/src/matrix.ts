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

export const reverseRows = (a: Matrix, size: number): Matrix => ({
  ...a,
  pointer: a.pointer + Math.max(0, a.rows - 1) * a.rs * size,
  rs: -a.rs,
})

/** Rows and columns in reverse order: turns an upper triangle into a lower one. */
export const reverse = (a: Matrix, size: number): Matrix =>
  transpose(reverseRows(transpose(reverseRows(a, size)), size))
