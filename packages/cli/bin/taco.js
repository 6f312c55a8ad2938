#!/usr/bin/env node
import { existsSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'

const main = new URL('../dist/main.js', import.meta.url)
if (!existsSync(main)) {
  console.error("taco is not built yet: run 'npm run build' in the repository")
  process.exit(2)
}
// what nobody awaits is a mistake in taco, too; 1 would mean that a target was not reached
process.on('uncaughtException', (error) => {
  console.error(error)
  process.exit(70)
})
// Node 20 has relaxed SIMD behind a flag; newer versions have it on and do not know the flag any more
if (process.versions.node.startsWith('20.')) setFlagsFromString('--experimental-wasm-relaxed-simd')
const { main: run } = await import(main.href)
process.exitCode = await run(process.argv.slice(2))
