import type { Builder } from './network.js'

/** Adds a layer of five channels (Linear: 17) that keeps the shape of `x`, and returns its output. */
export type Layer = (b: Builder, x: string) => string

export const conv = ({ add, weight }: Builder, x: string): string =>
  add('Conv', [x, weight(5, 5, 3, 3), weight(5)], { pads: [1, 1, 1, 1] })
export const depthwise = ({ add, weight }: Builder, x: string): string =>
  add('Conv', [x, weight(5, 1, 3, 3), weight(5)], { pads: [1, 1, 1, 1], group: 5 })
export const linear = ({ add, weight }: Builder, x: string, from = 17, to = 17): string =>
  add('Linear', [x, weight(to, from), weight(to)], {}, 'ai.tacojs')
export const normalize = ({ add, numbers }: Builder, x: string): string =>
  add('BatchNormalization', [x, numbers([5], 0.5, 2), numbers([5], -1, 1), numbers([5], -1, 1), numbers([5], 0.2, 2)])
