/** Whether a layer's name fits a pattern, in which `*` stands for any text. */
export function namePattern(pattern: string): (name: string) => boolean {
  const matcher = new RegExp(`^${pattern.split('*').map(escape).join('.*')}$`)
  return (name) => matcher.test(name)
}

const escape = (text: string): string => text.replace(/[.+?^${}()|[\]\\]/g, '\\$&')
