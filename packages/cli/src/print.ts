/** Terminals whose last line is one of progress, to which nothing else may be glued. */
const open = new WeakSet<object>()

/** Draws the line of progress of a terminal again. */
export function redraw(line: string, out: NodeJS.WritableStream): void {
  out.write(`\r\x1b[2K${line}`)
  open.add(out)
}

/** Ends the line of progress; false where there is none. */
export function endLine(out: NodeJS.WritableStream = process.stderr): boolean {
  if (!open.delete(out)) return false
  out.write('\n')
  return true
}

/** A message on stderr. */
export function say(text: string, out: NodeJS.WritableStream = process.stderr): void {
  endLine(out)
  out.write(`${text}\n`)
}

export const warn = (text: string): void => say(`warning: ${text}`)

/** A result on stdout. */
export function print(text: string): void {
  endLine()
  process.stdout.write(`${text}\n`)
}
