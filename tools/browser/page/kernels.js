import { kernelsWasm } from '@tacojs/kernels-wasm'

globalThis.kernelsWasm = kernelsWasm
