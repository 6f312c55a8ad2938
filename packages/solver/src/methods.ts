import { admm } from './admm.js'
import { fastObc } from './fastobc.js'
import { magnitude } from './magnitude.js'
import type { Method } from './method.js'

/** The methods by name. */
export const methods = { magnitude, fastobc: fastObc, admm } as const satisfies Readonly<Record<string, Method>>

export type MethodName = keyof typeof methods
