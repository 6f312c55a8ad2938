import { TacoError } from '@tacojs/errors'

/**
 * Which weights may be zero: any of the layer; or per row `m − n` of every `m` consecutive inputs (`n` are kept); or
 * whole blocks of `rows` consecutive outputs × `cols` consecutive inputs. What is left over at the edges of a layer is a
 * smaller group or block.
 */
export type Pattern =
  | { readonly kind: 'unstructured' }
  | { readonly kind: 'nm'; readonly n: number; readonly m: number }
  | { readonly kind: 'block'; readonly rows: number; readonly cols: number }

/**
 * Reads 'unstructured', 'n:m' ('2:4' keeps 2 of 4 consecutive weights of a row) or 'RxC' ('4x1': blocks of 4 outputs of
 * one input). Throws INVALID_ARGUMENT for anything else, unless 0 < n < m ≤ 1024, and unless 0 < R, C ≤ 1024.
 */
export function parsePattern(text: string): Pattern {
  const name = text.trim().toLowerCase()
  if (name === 'unstructured') return { kind: 'unstructured' }
  const [, first, mark, second] = /^(\d{1,4})([:x])(\d{1,4})$/.exec(name) ?? []
  const [a, b] = [Number(first), Number(second)]
  if (mark === ':' && 0 < a && a < b && b <= 1024) return { kind: 'nm', n: a, m: b }
  if (mark === 'x' && 0 < a && 0 < b && Math.max(a, b) <= 1024) return { kind: 'block', rows: a, cols: b }
  throw new TacoError(
    'INVALID_ARGUMENT',
    `pattern "${text}": use "unstructured", n kept of m such as "2:4", or blocks of outputs×inputs such as "4x1"`,
  )
}

/** The text that `parsePattern` reads. */
export function formatPattern(pattern: Pattern): string {
  if (pattern.kind === 'nm') return `${pattern.n}:${pattern.m}`
  return pattern.kind === 'block' ? `${pattern.rows}x${pattern.cols}` : 'unstructured'
}
