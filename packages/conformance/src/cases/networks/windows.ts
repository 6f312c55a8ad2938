import type { Builder } from '../network.js'
import { type Form } from './parts.js'
import { attention } from './vit.js'

/** Liu et al. 2021, section 3.2: attention in windows of 4×4 of maps [B, 8, 8, C], with a bias for each head. */
export function windowAttention(b: Builder, form: Form): string {
  const { add, longs, weight } = b
  const [side, window, width, heads] = [8, 4, 6, 3]
  const [count, tokens] = [side / window, window * window]
  const cut = add('Reshape', ['x', longs(-1, count, window, count, window, width)])
  const order = { perm: [0, 1, 3, 2, 4, 5] }
  const windows = add('Reshape', [add('Transpose', [cut], order), longs(-1, tokens, width)])
  const bias = weight(1, heads, tokens, tokens)
  const mixed = attention(b, { form, cut: 'Gather', tokens, heads, width }, windows, bias)
  const back = add('Transpose', [add('Reshape', [mixed, longs(-1, count, count, window, window, width)])], order)
  return add('Add', ['x', add('Reshape', [back, longs(-1, side, side, width)])])
}
