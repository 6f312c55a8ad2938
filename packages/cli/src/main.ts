import { Command, CommanderError } from 'commander'
import { isTacoError, TacoError } from '@tacojs/errors'
import { benchCommand } from './commands/bench.js'
import { classifyCommand } from './commands/classify.js'
import { demoCommand } from './commands/demo.js'
import { evaluateCommand } from './commands/evaluate.js'
import { exportCommand } from './commands/export.js'
import { inspectCommand } from './commands/inspect.js'
import { runCommand } from './commands/run.js'
import { specializeCommand } from './commands/specialize.js'
import { onInterrupt } from './interrupt.js'
import { watchOutput } from './output.js'

/** 0 done · 1 a target was not reached · 2 wrong use or input · 130 interrupted. Anything else is a bug. */
export async function main(args: readonly string[]): Promise<number> {
  const interrupt = onInterrupt()
  let missed = false
  const onMissed = (): void => void (missed = true)
  const program = new Command('taco')
    .description('Turns a large vision classifier into a small, fast specialist, from a handful of images.')
    .version('0.1.0')
    .exitOverride()
    .configureOutput({ writeErr: (text) => process.stderr.write(text) })
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
    program.addCommand(command(interrupt.signal, onMissed).exitOverride())
  }
  const output = watchOutput()
  try {
    checkValues(args)
    await program.parseAsync(args, { from: 'user' })
    await output.check()
    return missed ? 1 : 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (interrupt.signal.aborted) {
      process.stderr.write('taco: interrupted; no result was written\n')
      return 130
    }
    if (!isTacoError(error)) throw error
    process.stderr.write(`taco: ${error.message} [${error.code}]\n`)
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
