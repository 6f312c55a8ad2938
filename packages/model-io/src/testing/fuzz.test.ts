import { TacoError } from '@tacojs/errors'
import { fuzz, mutated, seededRandom, type FuzzTarget } from './fuzz.js'
import { fuzzTargets } from './targets.js'

test.each(fuzzTargets.map((target) => [target.name, target] as const))(
  '%s: a thousand changed inputs end in a typed error or in a value',
  async (_, target) => {
    for (const seed of target.seeds) await target.run(seed)
    const { accepted, refused } = await fuzz(target, 1000)
    // both roads are taken: inputs are neither all broken at once nor all as good as unchanged
    expect(accepted).toBeGreaterThan(10)
    expect(refused).toBeGreaterThan(100)
  },
)

const target = (run: (bytes: Uint8Array) => unknown): FuzzTarget => ({
  name: 'x',
  seeds: [Uint8Array.of(1, 2, 3, 4)],
  words: [Uint8Array.of(9)],
  run,
})

test('what is neither is found, with its input; the same seed gives the same inputs', async () => {
  const one = mutated(target(String), seededRandom(7))
  expect(mutated(target(String), seededRandom(7))).toEqual(one)
  const bug = (bytes: Uint8Array): void => {
    if (bytes.includes(9)) throw new RangeError('out of range')
  }
  await expect(fuzz(target(bug), 200)).rejects.toThrow(/x, round \d+: RangeError: out of range; input [0-9a-f]*09/)
  const refusing = (): never => {
    throw new TacoError('INVALID_DATA', 'no')
  }
  expect(await fuzz(target(refusing), 5)).toMatchObject({ accepted: 0, refused: 5 })
})
