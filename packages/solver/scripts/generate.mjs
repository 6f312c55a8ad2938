// Compiles assembly/ with and without relaxed SIMD and embeds both as texts in src/generated/kernels.ts.
import { fileURLToPath } from 'node:url'
import { embed } from '../../wasm/scripts/compile.mjs'

const path = (file) => fileURLToPath(new URL(`../${file}`, import.meta.url))

embed(path('assembly/index.ts'), path('src/generated/kernels.ts'))
