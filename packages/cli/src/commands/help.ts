import { Command } from 'commander'

/** `taco help COMMAND`; commander's own says nothing of a command that there is not. */
export const helpCommand = (program: Command): Command =>
  new Command('help')
    .description('what a command does, and its options')
    .argument('[command]')
    .action((name: string | undefined) => {
      if (name === undefined) return program.help()
      const command = program.commands.find((own) => own.name() === name)
      return command ? command.help() : program.error(`error: unknown command '${name}'`)
    })
