/** A header and rows of text; the first columns that are `left` are aligned left, the others right. */
export interface Table {
  readonly title: string
  readonly header: readonly string[]
  readonly rows: readonly (readonly string[])[]
  readonly left: number
}

/** Columns of a terminal, padded to their widest cell. */
export function terminalTable({ title, header, rows, left }: Table): string {
  const widths = header.map((h, i) => Math.max(h.length, ...rows.map((row) => row[i]!.length)))
  const line = (cells: readonly string[]): string =>
    cells.map((cell, i) => (i < left ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ')
  const lines = [line(header), widths.map((w) => '-'.repeat(w)).join('  '), ...rows.map(line)]
  return [title, ...lines.map((text) => text.trimEnd())].join('\n')
}

export function markdownTable({ title, header, rows, left }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const rule = header.map((_, i) => (i < left ? '---' : '--:'))
  return [`${title}\n`, line(header), line(rule), ...rows.map(line)].join('\n')
}
