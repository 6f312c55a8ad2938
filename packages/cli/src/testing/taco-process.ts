import { main } from '../main.js'

/** The command in a process of its own, from the sources. */
process.exitCode = await main(process.argv.slice(2))
