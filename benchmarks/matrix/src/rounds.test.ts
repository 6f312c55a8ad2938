import { timeRounds } from './rounds.js'

test('each contender runs twice per round, in changing order; the second run counts, the warm-up is not kept', async () => {
  const ran: number[] = []
  const contenders = [0, 1, 2].map((i) => ({
    run: async () => {
      ran.push(i)
      return new Float32Array()
    },
  }))
  const rounds: number[] = []
  const times = await timeRounds(contenders, { warmup: 2, rounds: 6 }, (done) => rounds.push(done))
  expect(times.map((own) => own.length)).toEqual([6, 6, 6])
  expect(times.flat().every((ms) => ms >= 0)).toBe(true)
  expect(rounds).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  expect(ran.filter((_, i) => i % 2 === 1)).toEqual(ran.filter((_, i) => i % 2 === 0))
  const turns = ran.filter((_, i) => i % 2 === 1)
  const orders = Array.from({ length: 8 }, (_, i) => turns.slice(3 * i, 3 * i + 3))
  for (const order of orders) expect([...order].sort()).toEqual([0, 1, 2])
  expect(new Set(orders.map(String)).size).toBeGreaterThan(2)
})
