export type { Backend, CompileOptions, Program } from './backend.js'
