// Compiles assembly/ twice (with and without relaxed SIMD) and embeds both as base64 in src/generated/kernels.ts.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { columnKernels } from './column-kernels.mjs'
import { streamKernels } from './stream-kernels.mjs'

const root = fileURLToPath(new URL('../', import.meta.url))
const asc = join(dirname(createRequire(import.meta.url).resolve('assemblyscript/package.json')), 'bin/asc.js')

mkdirSync(join(root, 'assembly/generated'), { recursive: true })
writeFileSync(join(root, 'assembly/generated/stream.ts'), streamKernels())
writeFileSync(join(root, 'assembly/generated/column.ts'), columnKernels())

const work = mkdtempSync(join(tmpdir(), 'taco-kernels-'))
const builds = {}
for (const [build, features] of Object.entries({ base: 'simd,threads', relaxed: 'simd,threads,relaxed-simd' })) {
  const file = join(work, `${build}.wasm`)
  const flags = [
    '-O3',
    '--runtime',
    'stub',
    '--importMemory',
    '--sharedMemory',
    '--maximumMemory',
    '65536',
    '--noAssert',
    '--use',
    'abort=',
    ...['--disableWarning', '201', '--disableWarning', '112'],
    '--enable',
    features,
  ]
  execFileSync(process.execPath, [asc, 'assembly/index.ts', ...flags, '-o', file], { cwd: root, stdio: 'inherit' })
  const bytes = readFileSync(file)
  assertNoStaticData(bytes)
  builds[build] = bytes.toString('base64')
  console.log(`${build}: ${bytes.length} bytes`)
}
rmSync(work, { recursive: true })
mkdirSync(join(root, 'src/generated'), { recursive: true })
const lines = Object.entries(builds).map(([name, text]) => `  ${name}: '${text}',`)
writeFileSync(join(root, 'src/generated/kernels.ts'), `export const kernels = {\n${lines.join('\n')}\n}\n`)

/** A data section would be written over the memory by every instance. */
function assertNoStaticData(bytes) {
  for (let at = 8; at < bytes.length;) {
    const id = bytes[at++]
    let size = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]
      size |= (byte & 127) << shift
      if (byte < 128) break
    }
    if (id === 11) throw new Error('the kernels have static data')
    at += size
  }
}
