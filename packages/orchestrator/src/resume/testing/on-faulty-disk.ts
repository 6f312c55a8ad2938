// What the tests of faults call: to be imported once the file system is replaced, and hence as one module.
export { checkBundleTarget, exportOnnx } from '@tacojs/model-io'
export { specialize } from '../../specialize.js'
