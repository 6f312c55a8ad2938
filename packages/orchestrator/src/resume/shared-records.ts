import type { Records, WorkRecord } from './record.js'

/** Records that last as long as the process. */
export function memoryRecords(): Records {
  const kept = new Map<string, WorkRecord>()
  return {
    read: (name) => Promise.resolve(kept.get(name)),
    write: (name, record) => {
      kept.set(name, record)
      return Promise.resolve()
    },
  }
}

/** Records of which some, by their names, are others' as well. */
export const withShared = (own: Records | undefined, shared: Records, names: readonly string[]): Records => ({
  read: async (name) => (names.includes(name) ? shared.read(name) : own?.read(name)),
  write: async (name, record) => (names.includes(name) ? shared.write(name, record) : own?.write(name, record)),
})
