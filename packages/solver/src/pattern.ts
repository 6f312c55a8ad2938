import { TacoError } from '@tacojs/errors'

/** Which weights may be zero: any of the layer, or per row `m − n` of every `m` consecutive inputs (`n` are kept). */
export type Pattern =
  { readonly kind: 'unstructured' } | { readonly kind: 'nm'; readonly n: number; readonly m: number }

/**
 * Reads 'unstructured' or 'n:m' ('2:4' keeps 2 of 4 consecutive weights of a row).
 * Throws INVALID_ARGUMENT for anything else, and unless 0 < n < m ≤ 1024.
 */
export function parsePattern(text: string): Pattern {
  const name = text.trim().toLowerCase()
  if (name === 'unstructured') return { kind: 'unstructured' }
  const parts = /^(\d{1,4}):(\d{1,4})$/.exec(name)
  const [n, m] = parts ? [Number(parts[1]), Number(parts[2])] : [0, 0]
  if (!(0 < n && n < m && m <= 1024)) {
    throw new TacoError(
      'INVALID_ARGUMENT',
      `pattern "${text}": use "unstructured" or n kept of m, such as "2:4" or "1:4"`,
    )
  }
  return { kind: 'nm', n, m }
}

/** The text that `parsePattern` reads. */
export function formatPattern(pattern: Pattern): string {
  return pattern.kind === 'nm' ? `${pattern.n}:${pattern.m}` : 'unstructured'
}
