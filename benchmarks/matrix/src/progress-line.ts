/** Progress on stderr: one line that is redrawn in a terminal; elsewhere a line every five seconds. */
export function progressLine(out: NodeJS.WriteStream = process.stderr): { show(text: string): void; clear(): void } {
  let shown = 0
  return {
    show(text) {
      if (out.isTTY) out.write(`\r\x1b[2K${text.slice(0, (out.columns || 80) - 1)}`)
      else if (Date.now() - shown >= 5000) {
        shown = Date.now()
        out.write(`${text}\n`)
      }
    },
    clear() {
      if (out.isTTY) out.write('\r\x1b[2K')
    },
  }
}
