import { shareOf } from './share.js'

test('the recipe decides, for all layers alike', () => {
  const share = shareOf(0.3, true)
  expect([share(1e6, { kind: 'Conv', cols: 9 }), share(10, { kind: 'Linear', cols: 9 })]).toEqual([0.3, 0.3])
})

test('unless it does: all, or half where positions have weights; of convolutions no more than say something new', () => {
  const [all, weighed] = [shareOf('auto', false), shareOf('auto', true)]
  for (const [positions, cols] of [
    [1e6, 64],
    [1e6, 576],
    [62720, 2304],
  ] as const) {
    const enough = (64 * Math.max(256, cols)) / positions
    expect(all(positions, { kind: 'Linear', cols })).toBe(1)
    expect(weighed(positions, { kind: 'Linear', cols })).toBe(0.5)
    expect(all(positions, { kind: 'Conv', cols })).toBe(Math.min(1, enough))
    expect(weighed(positions, { kind: 'Conv', cols })).toBe(Math.min(0.5, enough))
  }
})
