import { opDefinitions } from '@tacojs/graph'
import { erf } from './erf.js'
import { operatorName } from '../operator-name.js'
import { oracleOperators } from './index.js'

test('every operator of the vocabulary is there', () => {
  const missing = opDefinitions.map(operatorName).filter((name) => !oracleOperators.includes(name))
  expect(missing).toEqual([])
})

test('erf to 1e-15 (values of Abramowitz & Stegun, table 7.1, and of a 50-digit computation)', () => {
  const table: [number, number][] = [
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [1.5, 0.9661051464753108],
    [2, 0.9953222650189527],
    [3, 0.9999779095030014],
    [-1, -0.8427007929497149],
  ]
  for (const [x, y] of table) expect(Math.abs(erf(x) - y)).toBeLessThan(1e-15)
  expect(Math.abs(erf(2 - 1e-12) - erf(2))).toBeLessThan(1e-13)
  expect(erf(7)).toBe(1)
})
