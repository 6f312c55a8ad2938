// Compiles assembly/ for each kind of memory (tfjs's own is shared where it has threads) and each set of instructions, and
// embeds the modules as texts in src/generated/kernels.ts.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { encodeEmbedded } from '../../wasm/scripts/encode.mjs'

const root = fileURLToPath(new URL('../', import.meta.url))
const asc = join(dirname(createRequire(import.meta.url).resolve('assemblyscript/package.json')), 'bin/asc.js')
const work = mkdtempSync(join(tmpdir(), 'taco-tfjs-'))
// 65536 pages: any maximum that the memory has is allowed
const shared = ['--enable', 'threads', '--sharedMemory', '--maximumMemory', '65536']
const builds = {
  base: ['--enable', 'simd'],
  relaxed: ['--enable', 'simd,relaxed-simd'],
  sharedBase: ['--enable', 'simd', ...shared],
  sharedRelaxed: ['--enable', 'simd,relaxed-simd', ...shared],
}

/** The numbers of a module's sections. */
function sections(bytes) {
  const ids = []
  for (let at = 8; at < bytes.length;) {
    ids.push(bytes[at++])
    let size = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]
      size |= (byte & 127) << shift
      if (byte < 128) break
    }
    at += size
  }
  return ids
}

const lines = Object.entries(builds).map(([build, features]) => {
  const file = join(work, `${build}.wasm`)
  // 112: helpers that take vectors are no exports of the module
  const flags = [
    '--disableWarning',
    '112',
    '-O3',
    '--runtime',
    'stub',
    '--importMemory',
    '--noAssert',
    '--use',
    'abort=',
    ...features,
  ]
  execFileSync(process.execPath, [asc, 'assembly/index.ts', ...flags, '-o', file], { cwd: root, stdio: 'inherit' })
  const bytes = readFileSync(file)
  // the memory belongs to tfjs: nothing may be placed in it at start
  for (const [id, what] of [
    [6, 'globals'],
    [8, 'a start function'],
    [11, 'static data'],
  ]) {
    if (sections(bytes).includes(id)) throw new Error(`the kernels have ${what}`)
  }
  console.log(`${build}: ${bytes.length} bytes`)
  return `  ${build}: '${encodeEmbedded(bytes)}',`
})
rmSync(work, { recursive: true })
mkdirSync(join(root, 'src/generated'), { recursive: true })
writeFileSync(join(root, 'src/generated/kernels.ts'), `export const kernels = {\n${lines.join('\n')}\n}\n`)
