import { TacoError } from '@tacojs/errors'

/** Zeros of a layer: a share of it, in blocks of `rows` consecutive output channels at one input. */
export interface Sparsity {
  /** 0 is dense. */
  readonly share: number
  /** 1: unstructured. */
  readonly rows: number
}

/** Reads '0' (dense), '0.9' (unstructured) or '4x1@0.9' (blocks of 4 output channels). Throws INVALID_ARGUMENT. */
export function parseSparsity(text: string): Sparsity {
  const parts = /^(?:(\d{1,2})x1@)?(0|0?\.\d+)$/.exec(text)
  const rows = Number(parts?.[1] ?? 1)
  if (!parts || rows < 1) {
    throw new TacoError(
      'INVALID_ARGUMENT',
      `sparsity '${text}': use a share such as 0 or 0.9, or blocks such as 4x1@0.9`,
    )
  }
  return { share: Number(parts[2]), rows }
}

export const patternName = ({ rows }: Sparsity): string => (rows === 1 ? 'unstructured' : `${rows}x1`)

/** 'dense', '90 %', '90 % 4x1' */
export function showSparsity(sparsity: Sparsity): string {
  if (sparsity.share === 0) return 'dense'
  const percent = `${Number((100 * sparsity.share).toFixed(2))} %`
  return sparsity.rows === 1 ? percent : `${percent} ${patternName(sparsity)}`
}
