/** Fields that a flag of another name stands for. */
const others: Readonly<Record<string, string>> = { layer: 'layers', 'skip-corrupt': 'onCorrupt', 'no-refit': 'refit' }

/**
 * A message with fields of recipes and requests by the flags that they were given as: `batchSize: expected …` is
 * `--batch-size: expected …` where that was typed. Fields of one word are looked for at the beginning alone, and nothing
 * within quotes.
 */
export function withFlags(message: string, args: readonly string[]): string {
  const flags = args.flatMap((arg) => /^--([a-z][a-z-]*)/.exec(arg)?.[1] ?? [])
  const typed = new Map(flags.map((flag) => [others[flag] ?? camelCase(flag), `--${flag}`]))
  return message
    .split(/('[^']*')/)
    .map((part, i) => (i % 2 === 1 ? part : named(part, typed, i === 0)))
    .join('')
}

function named(text: string, typed: ReadonlyMap<string, string>, isStart: boolean): string {
  return text.replace(/(?<![\w./-])[a-z]\w*\b(?![./-])/g, (word: string, at: number) => {
    const flag = typed.get(word)
    const first = isStart && at === 0 && /^(:| is )/.test(text.slice(word.length))
    return flag !== undefined && (first || /[A-Z]/.test(word)) ? flag : word
  })
}

const camelCase = (flag: string): string => flag.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
