import { activation, linear, normalize } from './layers.js'
import type { Network } from './network.js'
import type { VitSettings } from './vit-settings.js'

/**
 * fc2(act(fc1(x))), or with a gate (SwiGLU, Shazeer 2020): fc2(act(gate(x))·value(x)), gate and value in one layer or in
 * two; with a normalisation before fc2 where there is one.
 */
export function mlp(net: Network, at: string, x: string, { act, norm }: VitSettings): string {
  let hidden: string
  if (net.weights.has(`${at}.fc1_g.weight`)) {
    const gate = activation(net, act ?? 'silu', `${at}.act`, linear(net, `${at}.fc1_g`, x))
    hidden = net.add('Mul', `${at}.gated`, [gate, linear(net, `${at}.fc1_x`, x)])
  } else {
    const value = linear(net, `${at}.fc1`, x)
    const [, width] = net.weights.shapeOf(`${at}.fc2.weight`)
    if (net.weights.shapeOf(`${at}.fc1.weight`)[0] === 2 * width!) {
      const [gate, rest] = net.split(`${at}.halves`, value, [width!, width!], -1)
      hidden = net.add('Mul', `${at}.gated`, [activation(net, act ?? 'silu', `${at}.act`, gate!), rest!])
    } else hidden = activation(net, act ?? 'gelu', `${at}.act`, value)
  }
  if (net.weights.has(`${at}.norm.weight`)) hidden = normalize(net, `${at}.norm`, hidden, norm)
  return linear(net, `${at}.fc2`, hidden)
}
