export { createLinalg } from './create.js'
export type { FloatArray, GemmOptions, Linalg, SyrkOptions, TriangularOptions, TrsmOptions, Uplo } from './types.js'
