import { conformance } from '@tacojs/conformance'
import { kernelsWasm } from './kernels-wasm.js'

conformance({ backend: kernelsWasm(), test, describe })
