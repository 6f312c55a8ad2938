import { conformance } from '@tacojs/conformance'
import { kernelsWasm } from './kernels-wasm.js'

// this process has no relaxed SIMD unless it was started so: the base build, on one thread and on two
conformance({ backend: kernelsWasm(), test, describe })
describe('two threads', () => conformance({ backend: kernelsWasm({ threads: 2 }), test, describe }))
