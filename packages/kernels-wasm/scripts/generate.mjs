// Writes the kernels that come in many shapes, compiles assembly/ with and without relaxed SIMD and embeds both as texts.
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { embed } from '../../wasm/scripts/compile.mjs'
import { columnKernels } from './column-kernels.mjs'
import { streamKernels } from './stream-kernels.mjs'

const path = (file) => fileURLToPath(new URL(`../${file}`, import.meta.url))

mkdirSync(path('assembly/generated'), { recursive: true })
writeFileSync(path('assembly/generated/stream.ts'), streamKernels())
writeFileSync(path('assembly/generated/column.ts'), columnKernels())
embed(path('assembly/index.ts'), path('src/generated/kernels.ts'))
