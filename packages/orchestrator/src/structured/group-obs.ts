import { throwIfAborted } from '@tacojs/errors'
import type { Candidate, DampedProblem } from '@tacojs/solver'

/**
 * ExactOBS for groups of columns, which leave in all rows at once: with P = (H + λI)⁻¹, the group B with the smallest
 * Σ_rows w_B (P_BB)⁻¹ w_Bᵀ goes, then W −= W_B (P_BB)⁻¹ P_B: and P −= P_:B (P_BB)⁻¹ P_B: (Frantar & Alistarh 2022,
 * optimal brain compression, for a group). What is left is the best fit on the remaining columns.
 *
 * @param groups disjoint columns of the problem
 * @param count how many groups go
 * @returns the groups in the order they went, and what is left of the weights; the loss is the sum of the scores
 */
export function groupObs(
  damped: DampedProblem,
  groups: readonly (readonly number[])[],
  count: number,
  signal?: AbortSignal,
): Candidate & { readonly removed: readonly number[] } {
  const { rows, cols } = damped.problem
  const p = gram(damped.upper(), cols)
  const weights = damped.target.slice()
  const mask = new Uint8Array(rows * cols).fill(1)
  const waiting = new Set(groups.keys())
  const removed: number[] = []
  let alive = Array.from({ length: cols }, (_, j) => j)
  let loss = 0
  while (removed.length < count) {
    throwIfAborted(signal)
    let [group, score] = [-1, Infinity]
    let inverse: Float64Array = new Float64Array(0)
    for (const candidate of waiting) {
      const own = inverseOfBlock(p, groups[candidate]!, cols)
      const loss = scoreOf(weights, groups[candidate]!, own, rows, cols)
      if (group < 0 || loss < score) [group, score, inverse] = [candidate, loss, own]
    }
    const block = groups[group]!
    const going = new Set(block)
    alive = alive.filter((j) => !going.has(j))
    // S = (P_BB)⁻¹ P_B: on the columns that stay
    const s = timesBlock(inverse, p, block, alive, cols)
    eliminate(weights, rows, block, alive, s, cols)
    eliminate(p, cols, block, alive, s, cols, alive)
    for (const j of block) {
      for (let row = 0; row < rows; row++) weights[row * cols + j] = mask[row * cols + j] = 0
    }
    waiting.delete(group)
    removed.push(group)
    loss += score
  }
  return { weights, mask, loss, removed }
}

/** P = UᵀU, U [n, n] upper triangular. */
function gram(u: Float64Array, n: number): Float64Array {
  const p = new Float64Array(n * n)
  for (let k = 0; k < n; k++) {
    for (let i = k; i < n; i++) {
      const factor = u[k * n + i]!
      if (factor !== 0) for (let j = k; j < n; j++) p[i * n + j]! += factor * u[k * n + j]!
    }
  }
  return p
}

/** (P_BB)⁻¹ [b, b] by Cholesky: P_BB = LLᵀ. */
function inverseOfBlock(p: Float64Array, block: readonly number[], n: number): Float64Array {
  const b = block.length
  const l = new Float64Array(b * b)
  for (let i = 0; i < b; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = p[block[i]! * n + block[j]!]!
      for (let k = 0; k < j; k++) sum -= l[i * b + k]! * l[j * b + k]!
      l[i * b + j] = i === j ? Math.sqrt(sum) : sum / l[j * b + j]!
    }
  }
  // M = L⁻¹, then MᵀM
  const m = new Float64Array(b * b)
  for (let j = 0; j < b; j++) {
    for (let i = j; i < b; i++) {
      let sum = i === j ? 1 : 0
      for (let k = j; k < i; k++) sum -= l[i * b + k]! * m[k * b + j]!
      m[i * b + j] = sum / l[i * b + i]!
    }
  }
  const inverse = new Float64Array(b * b)
  for (let k = 0; k < b; k++) {
    for (let i = 0; i <= k; i++) {
      for (let j = 0; j <= k; j++) inverse[i * b + j]! += m[k * b + i]! * m[k * b + j]!
    }
  }
  return inverse
}

/** Σ_rows w_B (P_BB)⁻¹ w_Bᵀ. */
function scoreOf(w: Float64Array, block: readonly number[], inverse: Float64Array, rows: number, cols: number): number {
  const b = block.length
  let score = 0
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < b; i++) {
      let sum = 0
      for (let j = 0; j < b; j++) sum += inverse[i * b + j]! * w[row * cols + block[j]!]!
      score += w[row * cols + block[i]!]! * sum
    }
  }
  return score
}

/** (P_BB)⁻¹ P_B: [b, alive]. */
function timesBlock(
  inverse: Float64Array,
  p: Float64Array,
  block: readonly number[],
  alive: readonly number[],
  n: number,
): Float64Array {
  const [b, width] = [block.length, alive.length]
  const s = new Float64Array(b * width)
  for (let i = 0; i < b; i++) {
    for (let k = 0; k < b; k++) {
      const factor = inverse[i * b + k]!
      const from = block[k]! * n
      for (let j = 0; j < width; j++) s[i * width + j]! += factor * p[from + alive[j]!]!
    }
  }
  return s
}

/** M[:, alive] −= M[:, B]·S for the given rows of M, all unless given. */
function eliminate(
  m: Float64Array,
  rows: number,
  block: readonly number[],
  alive: readonly number[],
  s: Float64Array,
  cols: number,
  only: readonly number[] = Array.from({ length: rows }, (_, i) => i),
): void {
  const width = alive.length
  for (const row of only) {
    for (let i = 0; i < block.length; i++) {
      const factor = m[row * cols + block[i]!]!
      if (factor === 0) continue
      for (let j = 0; j < width; j++) m[row * cols + alive[j]!]! -= factor * s[i * width + j]!
    }
  }
}
