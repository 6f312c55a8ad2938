import { shareOf } from './share.js'

test('the recipe decides, for all layers alike', () => {
  const share = shareOf(0.3, true)
  expect([share(1e6, { kind: 'Conv', cols: 9 }), share(10, { kind: 'Linear', cols: 9 })]).toEqual([0.3, 0.3])
})

test('unless it does: all, or half where positions have weights; of convolutions no more than say something new', () => {
  const [all, weighed] = [shareOf('auto', false), shareOf('auto', true)]
  expect([all(1e6, { kind: 'Linear', cols: 64 }), weighed(1e6, { kind: 'Linear', cols: 64 })]).toEqual([1, 0.5])
  // 3×3 over 64 channels: 36 864 positions are enough
  expect(all(36_864, { kind: 'Conv', cols: 576 })).toBe(1)
  expect(all(368_640, { kind: 'Conv', cols: 576 })).toBeCloseTo(0.1, 12)
  expect(weighed(368_640, { kind: 'Conv', cols: 576 })).toBeCloseTo(0.1, 12)
  expect(weighed(36_864, { kind: 'Conv', cols: 576 })).toBe(0.5)
  // few inputs: 16 384
  expect(all(163_840, { kind: 'Conv', cols: 9 })).toBeCloseTo(0.1, 12)
})
