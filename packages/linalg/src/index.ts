export { createLinalg } from './create.js'
export type {
  FloatArray,
  GemmOptions,
  Linalg,
  PosvOptions,
  SyrkOptions,
  TriangularOptions,
  TrsmOptions,
  Uplo,
} from './types.js'
