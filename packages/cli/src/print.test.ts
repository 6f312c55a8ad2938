import { progressPrinter } from './progress.js'
import { endLine, say } from './print.js'

/** A terminal, and what it was given. */
function terminal() {
  const written: string[] = []
  const out = { isTTY: true, columns: 200, write: (part: string) => written.push(part) > 0 }
  return { written, out: out as unknown as NodeJS.WriteStream }
}

test('a message ends the line of progress first, and the next progress has a line of its own', () => {
  const { written, out } = terminal()
  const progress = progressPrinter(out)
  progress({ stage: 'prune', done: 0, total: 2 })
  say('warning: odd', out)
  say('warning: odder', out)
  progress({ stage: 'prune', done: 1, total: 2 })
  progress({ stage: 'evaluate', done: 0, total: 1 })
  expect(written.join('').replaceAll('\x1b[2K', '')).toBe(
    '\rprune 0/2 (0.0s)\nwarning: odd\nwarning: odder\n\rprune 1/2 (0.0s)\n\revaluate (0.0s)',
  )
  expect([endLine(out), endLine(out)]).toEqual([true, false])
})

test('where a stage has ended, its line has too', () => {
  const { written, out } = terminal()
  const progress = progressPrinter(out)
  progress({ stage: 'load', done: 0, total: 1 })
  progress({ stage: 'load', done: 1, total: 1 })
  say('taco: no', out)
  expect(written.at(-2)).toBe('\n')
  expect(written.at(-1)).toBe('taco: no\n')
})
