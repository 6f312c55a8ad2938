export { createLinalg } from './create.js'
export type { LinalgOptions } from './kernels.js'
export type {
  FloatArray,
  GemmOptions,
  Linalg,
  PosvOptions,
  Scatter,
  ScatterOptions,
  ScatterSums,
  SyrkOptions,
  TriangularOptions,
  TrsmOptions,
  Uplo,
} from './types.js'
