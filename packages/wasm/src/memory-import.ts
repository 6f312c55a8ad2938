const importSection = 2

/** Reads an unsigned LEB128 number; gives it and the index of the byte behind it. */
function leb(bytes: Uint8Array, at: number): [value: number, next: number] {
  let value = 0
  for (let scale = 1; ; scale *= 128) {
    const byte = bytes[at++]!
    value += (byte & 127) * scale
    if (byte < 128) return [value, at]
  }
}

/** The index behind limits: flags, a minimum, and a maximum where the flags have bit 0. */
function skipLimits(bytes: Uint8Array, at: number): number {
  const [, next] = leb(bytes, at + 1)
  return bytes[at]! & 1 ? leb(bytes, next)[1] : next
}

/** Where the flags of the imported memory's limits stand in a valid module, or undefined without such an import. */
function memoryFlags(bytes: Uint8Array): number | undefined {
  for (let at = 8; at < bytes.length;) {
    const section = bytes[at]
    const [size, start] = leb(bytes, at + 1)
    at = start + size
    if (section !== importSection) continue
    let [count, entry] = leb(bytes, start)
    for (; count > 0; count--) {
      for (let name = 0; name < 2; name++) {
        const [length, text] = leb(bytes, entry)
        entry = text + length
      }
      const kind = bytes[entry++]
      if (kind === 2) return entry
      if (kind === 0) entry = leb(bytes, entry)[1]
      else if (kind === 1) entry = skipLimits(bytes, entry + 1)
      else entry += 2
    }
  }
  return undefined
}

/**
 * The bytes of a module for the kind of memory that it shall run on. A module compiled for shared memory also runs on
 * unshared memory once bit 1 of the import's flags is cleared: atomic instructions are valid there, only waiting traps.
 * Nothing is copied when the bytes fit already. Undefined where shared memory is wanted of a module whose import has no
 * maximum: shared memory needs one.
 */
export function withMemoryKind(bytes: Uint8Array<ArrayBuffer>, shared: boolean): Uint8Array<ArrayBuffer> | undefined {
  const at = memoryFlags(bytes)
  if (at === undefined) return bytes
  const flags = bytes[at]!
  const wanted = shared ? flags | 2 : flags & ~2
  if (wanted === flags) return bytes
  if (!(flags & 1)) return undefined
  const patched = bytes.slice()
  patched[at] = wanted
  return patched
}
