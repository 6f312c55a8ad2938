import { TacoError } from '@tacojs/errors'

/**
 * What pruning one layer means, free of networks: minimise over sparse Ŵ
 *
 *   ‖Y − ŴX‖² = tr(ŴHŴᵀ) − 2 tr(ŴBᵀ) + ‖Y‖²,  H = XXᵀ, B = YXᵀ
 *
 * with the layer's inputs X [cols, positions] and the outputs Y [rows, positions] that it should give. No factor 2 and
 * no division by the number of positions. A bias is eliminated by centring: h, b and yy are about the means, and the
 * bias of any Ŵ is then y − Ŵm. Matrices are row-major.
 */
export interface LayerProblem {
  readonly rows: number
  readonly cols: number
  /** Dense weights W [rows, cols]; the damping pulls towards them. */
  readonly weights: Float64Array
  /** H [cols, cols], symmetric, centred when there is a bias, not damped. */
  readonly h: Float64Array
  /** B [rows, cols], centred likewise. */
  readonly b: Float64Array
  /** ‖Y‖², centred likewise. */
  readonly yy: number
  /** m [cols]: mean input. */
  readonly xMean: Float64Array
  /** y [rows]: mean output. */
  readonly yMean: Float64Array
  /** Sum of the positions' weights; their number where all weigh 1. */
  readonly count: number
  readonly positions: number
  readonly hasBias: boolean
}

/**
 * Throws SHAPE_MISMATCH for arrays of a wrong length, NUMERICAL for a value that is not finite, both naming the array,
 * and INVALID_ARGUMENT for a count that is no number above 0.
 */
export function checkProblem(problem: LayerProblem): void {
  const { rows, cols } = problem
  const lengths = { weights: rows * cols, h: cols * cols, b: rows * cols, xMean: cols, yMean: rows }
  for (const [name, length] of Object.entries(lengths)) {
    const values = problem[name as keyof typeof lengths]
    if (values?.length !== length) {
      throw new TacoError(
        'SHAPE_MISMATCH',
        `layer problem: ${name} has ${values?.length} values, ${rows}×${cols} needs ${length}`,
      )
    }
    checkFinite(name, values, name === 'h' || name === 'b' ? cols : 1)
  }
  checkFinite('yy', [problem.yy], 1)
  if (typeof problem.count === 'number' && problem.count > 0 && problem.count < Infinity) return
  throw new TacoError(
    'INVALID_ARGUMENT',
    `layer problem: count is ${problem.count}; give the sum of the positions' weights, their number where all weigh 1`,
  )
}

export function allFinite(values: ArrayLike<number>): boolean {
  // 0 · v is 0 unless v is not finite
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += 0 * values[i]
  return sum === 0
}

function checkFinite(name: string, values: ArrayLike<number>, width: number): void {
  if (allFinite(values)) return
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      const at = width > 1 ? `[${Math.floor(i / width)}, ${i % width}]` : `[${i}]`
      throw new TacoError(
        'NUMERICAL',
        `layer problem: ${name}${at} is ${values[i]}; check the layer's weights and calibration inputs for NaN and overflow`,
      )
    }
  }
}

/** An input whose standard deviation is within this part of its mean is constant: the last bit of f32. */
const lastBit = 2 ** -23

/**
 * 1 where an input never varies (or never differs from 0, when there is no bias to take a constant up): its weights
 * have no effect on the fit. Sums about a shift near the mean leave exactly 0 of a constant; what is within a last bit
 * of the mean is the rounding of the inputs, or of sums that were centred in f64 afterwards.
 */
export function deadInputs({ cols, h, xMean, count, hasBias }: LayerProblem): Uint8Array {
  const dead = new Uint8Array(cols)
  for (let j = 0; j < cols; j++) {
    const noise = hasBias ? count * (lastBit * xMean[j]) ** 2 : 0
    dead[j] = h[j * cols + j] <= noise ? 1 : 0
  }
  return dead
}
