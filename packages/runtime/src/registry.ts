import { TacoError } from '@tacojs/errors'
import type { Backend } from './backend.js'

const backends = new Map<string, Backend>()

/** Makes a backend known by its name; a second one of the same name replaces the first. */
export function registerBackend(backend: Backend): void {
  backends.set(backend.name, backend)
}

export const backendNames = (): string[] => [...backends.keys()].sort()

/** The backend of that name. Throws NOT_FOUND, naming those that are registered. */
export function getBackend(name: string): Backend {
  const backend = backends.get(name)
  if (!backend) {
    const known = backendNames().join(', ') || 'none is registered'
    throw new TacoError('NOT_FOUND', `no backend is named '${name}'; available: ${known}`)
  }
  return backend
}
