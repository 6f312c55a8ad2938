import { fuzz } from '../../testing/fuzz.js'
import { bundleTargets } from './targets.js'

test.each(bundleTargets.map((target) => [target.name, target] as const))(
  '%s: changed inputs end in a typed error or in a value, which can be written and read again',
  async (_, target) => {
    const { accepted, refused } = await fuzz(target, Math.ceil(1000 / bundleTargets.length))
    expect(accepted + refused).toBeGreaterThanOrEqual(1000 / bundleTargets.length)
    // neither is all broken at once nor all as good as unchanged
    expect(accepted).toBeGreaterThan(0)
    expect(refused).toBeGreaterThan(20)
  },
)
