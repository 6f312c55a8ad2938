import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { specialize } from '@tacojs/orchestrator'
import { writeSampleTask } from '@tacojs/samples'
import { number } from '../options.js'
import { print, warn } from '../print.js'
import { progressPrinter } from '../progress.js'
import { resultTable } from '../result-table.js'

export const demoCommand = (signal: AbortSignal): Command =>
  new Command('demo')
    .description('specialize the bundled generalist to a bundled sub-task; needs nothing from outside')
    .option('--out <dir>', 'folder of the bundle to write', 'taco-demo')
    .option('--fresh', 'forget what an interrupted demo has left, instead of going on with it')
    .option('--sparsity <share>', 'zeros over the pruned layers, 0 to 1', number, 0.85)
    .option('--json', 'print the result as one JSON object on stdout')
    .option('--quiet', 'no progress on stderr')
    .action(async (flags) => {
      const work = await mkdtemp(join(tmpdir(), 'taco-demo-'))
      try {
        const sample = await writeSampleTask(work)
        const result = await specialize(
          { model: sample.model, data: sample.train, labels: sample.labels, sparsity: flags.sparsity },
          {
            out: flags.out,
            fresh: flags.fresh,
            eval: sample.test,
            control: sample.control,
            signal,
            onProgress: flags.quiet ? undefined : progressPrinter(),
            onWarning: warn,
          },
        )
        print(flags.json ? JSON.stringify(result) : resultTable(result))
      } finally {
        await rm(work, { recursive: true, force: true })
      }
    })
