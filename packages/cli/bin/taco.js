#!/usr/bin/env node
import { existsSync } from 'node:fs'

const main = new URL('../dist/main.js', import.meta.url)
if (!existsSync(main)) {
  console.error("taco is not built yet: run 'npm run build' in the repository")
  process.exit(2)
}
const { main: run } = await import(main.href)
process.exitCode = await run(process.argv.slice(2))
