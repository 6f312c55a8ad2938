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
  const name = String(text).trim().toLowerCase()
  if (name === 'unstructured') return { kind: 'unstructured' }
  const [, first, mark, second] = /^(\d{1,4})([:x])(\d{1,4})$/.exec(name) ?? []
  const [a, b] = [Number(first), Number(second)]
  const pattern: Pattern = mark === ':' ? { kind: 'nm', n: a, m: b } : { kind: 'block', rows: a, cols: b }
  if (mark && isPattern(pattern)) return pattern
  throw new TacoError(
    'INVALID_ARGUMENT',
    `pattern "${text}": use "unstructured", n kept of m such as "2:4", or blocks of outputs×inputs such as "4x1"`,
  )
}

const LARGEST = 1024

function isPattern(pattern: Pattern | null | undefined): boolean {
  const fits = (count: number): boolean => Number.isInteger(count) && 0 < count && count <= LARGEST
  if (pattern?.kind === 'nm') return fits(pattern.n) && fits(pattern.m) && pattern.n < pattern.m
  if (pattern?.kind === 'block') return fits(pattern.rows) && fits(pattern.cols)
  return pattern?.kind === 'unstructured'
}

/** Throws INVALID_ARGUMENT for anything but what `parsePattern` gives, such as its text. */
export function checkPattern(pattern: Pattern): void {
  if (isPattern(pattern)) return
  throw new TacoError(
    'INVALID_ARGUMENT',
    `pattern ${JSON.stringify(pattern)}: give what parsePattern makes of "unstructured", "2:4" or "4x1", such as { kind: 'nm', n: 2, m: 4 }`,
  )
}

/** The text that `parsePattern` reads. */
export function formatPattern(pattern: Pattern): string {
  if (pattern.kind === 'nm') return `${pattern.n}:${pattern.m}`
  return pattern.kind === 'block' ? `${pattern.rows}x${pattern.cols}` : 'unstructured'
}
