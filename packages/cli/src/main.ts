import { Command, CommanderError } from 'commander'
import { isTacoError, TacoError } from '@tacojs/errors'
import { benchCommand } from './commands/bench.js'
import { classifyCommand } from './commands/classify.js'
import { demoCommand } from './commands/demo.js'
import { evaluateCommand } from './commands/evaluate.js'
import { exportCommand } from './commands/export.js'
import { helpCommand } from './commands/help.js'
import { inspectCommand } from './commands/inspect.js'
import { runCommand } from './commands/run.js'
import { specializeCommand } from './commands/specialize.js'
import { withFlags } from './flag-names.js'
import { onInterrupt } from './interrupt.js'
import { watchOutput } from './output.js'
import { say } from './print.js'

/** What a bug ends with (EX_SOFTWARE of BSD's sysexits). */
const BUG = 70

/** 0 done · 1 a target was not reached · 2 wrong use or input · 70 a bug, with its trace · 130 interrupted. */
export async function main(args: readonly string[]): Promise<number> {
  const interrupt = onInterrupt()
  let status = 0
  const end = (own: number): void => void (status = own)
  const program = new Command('taco')
    .description('Turns a large vision classifier into a small, fast specialist, from a handful of images.')
    .version('0.1.0')
    .exitOverride()
    .configureOutput({ writeErr: (text) => process.stderr.write(text) })
    .helpCommand(false)
    .showHelpAfterError('(taco --help shows the commands, taco COMMAND --help their options)')
  for (const command of [
    specializeCommand,
    evaluateCommand,
    classifyCommand,
    inspectCommand,
    exportCommand,
    runCommand,
    benchCommand,
    demoCommand,
  ]) {
    const own = command(interrupt.signal, end)
    program.addCommand(own.exitOverride().showHelpAfterError(`(taco ${own.name()} --help lists the options)`))
  }
  program.addCommand(helpCommand(program).exitOverride().showHelpAfterError('(taco --help shows the commands)'))
  const output = watchOutput()
  try {
    checkValues(args)
    await program.parseAsync(args, { from: 'user' })
    await output.check()
    return status
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (interrupt.signal.aborted) {
      say('taco: interrupted; no result was written')
      return 130
    }
    if (!isTacoError(error)) {
      say(`taco: this is a mistake in taco itself: ${error instanceof Error ? (error.stack ?? error) : String(error)}`)
      return BUG
    }
    say(`taco: ${withFlags(error.message, args)} [${error.code}]`)
    return error.code === 'OUT_OF_REACH' ? 1 : 2
  } finally {
    interrupt.dispose()
    await output.close()
  }
}

/** Throws INVALID_ARGUMENT for a value that is empty, as one of a variable that is not set. */
function checkValues(args: readonly string[]): void {
  const at = args.findIndex((arg) => arg === '' || /^--[\w-]+=$/.test(arg))
  if (at < 0) return
  const name = args[at] === '' ? (args[at - 1] ?? 'the command') : args[at]!.slice(0, -1)
  throw new TacoError('INVALID_ARGUMENT', `${name}: its value is empty; give one, or leave it out`)
}
