// Compiles a kernel module of AssemblyScript for memory that may be shared; used by the packages that have kernels.
// As a command, `node compile.mjs ENTRY` writes the base build to stdout.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { encodeEmbedded } from './encode.mjs'

const asc = join(dirname(createRequire(import.meta.url).resolve('assemblyscript/package.json')), 'bin/asc.js')
const memory = ['--importMemory', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536']
const features = { base: 'simd,threads', relaxed: 'simd,threads,relaxed-simd' }

/** Section ids of what every further instance would write again into the memory that it shares. */
const forbidden = { 6: 'globals', 11: 'static data' }

/** The bytes of a module, from its entry file. Throws when it has globals or static data. */
export function compile(entry, build) {
  const work = mkdtempSync(join(tmpdir(), 'taco-kernels-'))
  try {
    const file = join(work, 'module.wasm')
    const flags = [
      '-O3',
      '--runtime',
      'stub',
      ...memory,
      '--noAssert',
      '--use',
      'abort=',
      '--disableWarning',
      '112',
      '--disableWarning',
      '201',
      '--enable',
      features[build],
    ]
    execFileSync(process.execPath, [asc, entry, ...flags, '-o', file], { stdio: 'inherit' })
    const bytes = readFileSync(file)
    for (const id of sections(bytes)) if (id in forbidden) throw new Error(`${entry} has ${forbidden[id]}`)
    return bytes
  } finally {
    rmSync(work, { recursive: true })
  }
}

function* sections(bytes) {
  for (let at = 8; at < bytes.length;) {
    yield bytes[at++]
    let size = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]
      size |= (byte & 127) << shift
      if (byte < 128) break
    }
    at += size
  }
}

/** Compiles both builds and embeds them as texts in a TypeScript file that exports `kernels`. */
export function embed(entry, target) {
  const lines = Object.keys(features).map((build) => {
    const bytes = compile(entry, build)
    console.log(`${build}: ${bytes.length} bytes`)
    return `  ${build}: '${encodeEmbedded(bytes)}',\n`
  })
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, `export const kernels = {\n${lines.join('')}}\n`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.stdout.write(compile(process.argv[2], 'base'))
