export { checkpoint, throwIfAborted } from './abort.js'
export { isTacoError, TacoError, type TacoErrorCode } from './taco-error.js'
