export { createLinalg } from './create.js'
export type { LinalgOptions } from './kernels.js'
export type {
  Admm,
  AdmmOptions,
  FloatArray,
  GemmOptions,
  Linalg,
  PosvOptions,
  PosvPrincipalOptions,
  Scatter,
  ScatterOptions,
  ScatterSums,
  SyrkOptions,
  TriangularOptions,
  TrsmOptions,
  Uplo,
} from './types.js'
