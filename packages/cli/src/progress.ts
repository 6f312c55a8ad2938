import type { ProgressEvent } from '@tacojs/orchestrator'
import { formatDuration } from './format.js'
import { endLine, redraw } from './print.js'

const names: Readonly<Record<ProgressEvent['stage'], string>> = {
  load: 'load model',
  calibrate: 'read images',
  allocate: 'weigh layers',
  prune: 'prune',
  'prune-control': 'prune control',
  evaluate: 'evaluate',
  latency: 'measure latency',
  write: 'write bundle',
}

/**
 * Progress on stderr: one line that is redrawn in a terminal; elsewhere a line when a stage begins, every five
 * seconds, and when it ends. The time left is that of the stage, from its own pace; a stage that goes on after its end has
 * another part, with a pace of its own.
 */
export function progressPrinter(out: NodeJS.WriteStream = process.stderr): (event: ProgressEvent) => void {
  let stage: string | undefined
  let started = 0
  let printed = 0
  let finished = false
  return ({ stage: name, done, total, detail, share = done / total }) => {
    const now = Date.now()
    const ended = done >= total
    const begins = name !== stage || (finished && !ended)
    if (begins) {
      endLine(out)
      stage = name
      started = now
    }
    if (ended && !begins && finished) return
    finished = ended
    if (!out.isTTY && !begins && !ended && now - printed < 5000) return
    printed = now
    const elapsed = (now - started) / 1000
    const left = share > 0 && elapsed > 0 && !ended ? `, ${formatDuration((elapsed / share) * (1 - share))} left` : ''
    const count = total > 1 ? ` ${done}/${total}` : ''
    const line = `${names[name]}${count}${detail && !ended ? ` ${detail}` : ''} (${formatDuration(elapsed)}${left})`
    if (!out.isTTY) {
      out.write(`${line}\n`)
      return
    }
    redraw(line.slice(0, (out.columns || 80) - 1), out)
    if (ended) endLine(out)
  }
}
