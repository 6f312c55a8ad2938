export { TacoError, isTacoError, type TacoErrorCode } from './taco-error.js'
