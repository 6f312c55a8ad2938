import { admm } from './admm.js'
import { auto } from './auto.js'
import { fastObc } from './fastobc.js'
import { magnitude } from './magnitude.js'
import type { Method } from './method.js'
import { cascade } from './obs/cascade.js'
import { exactObs } from './obs/exact-obs.js'

/** The methods by name; those with ExactOBS in them need `createNumerics`. */
export const methods = {
  magnitude,
  fastobc: fastObc,
  admm,
  exactobs: exactObs,
  cascade,
  auto,
} as const satisfies Readonly<Record<string, Method>>

/** Their linalg must be the solver's own, which has the kernels of ExactOBS. */
export const onKernels: readonly string[] = ['exactobs', 'cascade', 'auto'] satisfies MethodName[]

export type MethodName = keyof typeof methods
