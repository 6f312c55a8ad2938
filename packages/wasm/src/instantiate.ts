import { TacoError } from '@tacojs/errors'
import { createArena, type Arena } from './arena.js'
import { decodeBase64 } from './base64.js'
import { hasRelaxedSimd, hasSimd } from './features.js'

/** A module as a base64 string (embedded), as its bytes, or compiled already. */
export type WasmSource = string | ArrayBuffer | Uint8Array<ArrayBuffer> | WebAssembly.Module

/** `base` needs SIMD, `relaxed` also relaxed SIMD, whose multiply-adds may round once instead of twice. */
export type WasmBuild = 'base' | 'relaxed'

/** Builds of one source with the same exports, each importing its memory as env.memory. */
export interface WasmBuilds {
  readonly base: WasmSource
  readonly relaxed?: WasmSource
}

export interface InstantiateOptions {
  /** Unless given: relaxed where the machine has it and there is such a build. */
  readonly build?: WasmBuild
  /** Bytes that the memory may not exceed; 4 GiB unless given. */
  readonly memoryLimit?: number
}

export interface WasmInstance<Exports> {
  readonly exports: Exports
  readonly arena: Arena
  readonly build: WasmBuild
}

/**
 * Compiles a build on a memory of its own, and gives its exports with an arena on that memory.
 * Throws UNSUPPORTED where the engine lacks the build's instructions, OUT_OF_MEMORY where it has no memory.
 */
export async function instantiate<Exports>(
  builds: WasmBuilds,
  options: InstantiateOptions = {},
): Promise<WasmInstance<Exports>> {
  const { build = builds.relaxed !== undefined && hasRelaxedSimd() ? 'relaxed' : 'base', memoryLimit } = options
  const source = builds[build]
  if (source === undefined) throw new TacoError('UNSUPPORTED', `this module has no build '${build}'`)
  if (!(build === 'base' ? hasSimd() : hasRelaxedSimd())) {
    const missing = build === 'base' ? 'SIMD' : 'relaxed SIMD'
    throw new TacoError('UNSUPPORTED', `WebAssembly here has no ${missing}; use Node 20 or newer, or a current browser`)
  }
  const memory = createMemory()
  const module =
    source instanceof WebAssembly.Module
      ? source
      : await WebAssembly.compile(typeof source === 'string' ? decodeBase64(source) : source)
  const instance = await WebAssembly.instantiate(module, { env: { memory } })
  return { exports: instance.exports as Exports, arena: createArena(memory, undefined, memoryLimit), build }
}

function createMemory(): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: 1 })
  } catch (cause) {
    throw new TacoError('OUT_OF_MEMORY', 'wasm memory: not even one page can be had; free memory', { cause })
  }
}
