import { createLinalg } from '@tacojs/linalg'
import { createStatistics, damp, type DampedProblem } from '@tacojs/solver'
import { groupObs } from './group-obs.js'

const [ROWS, COLS, POSITIONS] = [4, 9, 60]

let state = 7
const next = (): number => {
  state = (state * 48271) % 2147483647
  return state / 2147483647 - 0.5
}

async function problem(): Promise<DampedProblem> {
  const linalg = await createLinalg()
  const mixing = Float32Array.from({ length: COLS * COLS }, next)
  const weights = Float32Array.from({ length: ROWS * COLS }, next)
  const [x, y] = [new Float32Array(POSITIONS * COLS), new Float32Array(POSITIONS * ROWS)]
  for (let i = 0; i < POSITIONS; i++) {
    const z = Array.from({ length: COLS }, next)
    for (let j = 0; j < COLS; j++) x[i * COLS + j] = z.reduce((sum, v, k) => sum + v * mixing[k * COLS + j]!, 0)
    for (let r = 0; r < ROWS; r++) {
      for (let j = 0; j < COLS; j++) y[i * ROWS + r]! += weights[r * COLS + j]! * x[i * COLS + j]!
      y[i * ROWS + r]! += 0.1 * next()
    }
  }
  const statistics = createStatistics(linalg, { rows: ROWS, cols: COLS, weights, bias: true })
  statistics.add(x, y, POSITIONS)
  return damp(linalg, statistics.finish())
}

/** The best weights on some columns, by Gauss elimination of the normal equations, and tr((Ŵ − W*)H(Ŵ − W*)ᵀ). */
function bruteForce({ problem: { h }, lambda, target }: DampedProblem, kept: readonly number[]) {
  const at = (i: number, j: number): number => h[i * COLS + j]! + (i === j ? lambda : 0)
  const weights = new Float64Array(ROWS * COLS)
  let loss = 0
  for (let row = 0; row < ROWS; row++) {
    const wanted = (i: number): number => {
      let sum = 0
      for (let j = 0; j < COLS; j++) sum += at(i, j) * target[row * COLS + j]!
      return sum
    }
    const a = kept.map((i) => [...kept.map((j) => at(i, j)), wanted(i)])
    for (let p = 0; p < a.length; p++) {
      const pivot = a[p]!
      for (const line of a) {
        if (line === pivot) continue
        const factor = line[p]! / pivot[p]!
        for (let k = p; k < line.length; k++) line[k]! -= factor * pivot[k]!
      }
    }
    kept.forEach((j, k) => (weights[row * COLS + j] = a[k]![kept.length]! / a[k]![k]!))
    const difference = Array.from({ length: COLS }, (_, j) => weights[row * COLS + j]! - target[row * COLS + j]!)
    for (let i = 0; i < COLS; i++) for (let j = 0; j < COLS; j++) loss += difference[i]! * at(i, j) * difference[j]!
  }
  return { weights, loss }
}

test('the group that costs least goes, each time; what is left is the best fit', async () => {
  const damped = await problem()
  const groups = [[0, 4], [1], [2, 3, 8], [5, 6], [7]]
  const waiting = new Set(groups.keys())
  const order: number[] = []
  while (waiting.size > 1) {
    const without = (group: number) =>
      bruteForce(
        damped,
        [...waiting].filter((g) => g !== group).flatMap((g) => groups[g]!),
      )
    const [group] = [...waiting].sort((a, b) => without(a).loss - without(b).loss)
    waiting.delete(group!)
    order.push(group!)
    const expected = bruteForce(
      damped,
      [...waiting].flatMap((g) => groups[g]!),
    )
    const found = groupObs(damped, groups, order.length)
    expect(found.removed).toEqual(order)
    expect(found.loss / expected.loss).toBeCloseTo(1, 9)
    found.weights.forEach((w, i) => expect(w).toBeCloseTo(expected.weights[i]!, 9))
    for (const j of order.flatMap((g) => groups[g]!)) {
      for (let row = 0; row < ROWS; row++)
        expect([found.weights[row * COLS + j], found.mask[row * COLS + j]]).toEqual([0, 0])
    }
  }
})

test('nothing goes where nothing is asked for', async () => {
  const damped = await problem()
  expect(groupObs(damped, [[0], [1]], 0)).toMatchObject({ weights: damped.target, loss: 0, removed: [] })
})
