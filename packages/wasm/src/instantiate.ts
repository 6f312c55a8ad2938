import { TacoError } from '@tacojs/errors'
import { createArena, type Arena } from './arena.js'
import { decodeEmbedded } from './embedded.js'
import { hasRelaxedSimd, hasSimd } from './features.js'
import { withMemoryKind } from './memory-import.js'

/**
 * A module as a text (see `decodeEmbedded`), as its bytes, or compiled already: then for the kind of memory that is asked
 * for.
 */
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
  /** Whether the memory is shared, as threads need it (`whyNoThreads` says whether it can be); not unless given. */
  readonly shared?: boolean
}

export interface WasmInstance<Exports> {
  readonly exports: Exports
  readonly arena: Arena
  readonly build: WasmBuild
  /** For further instances on the same memory. */
  readonly module: WebAssembly.Module
  readonly memory: WebAssembly.Memory
}

/**
 * Compiles a build on a memory of its own, and gives its exports with an arena on that memory. One binary compiled for
 * shared memory serves both kinds. Throws UNSUPPORTED where the engine lacks the build's instructions or the module
 * cannot share its memory, OUT_OF_MEMORY where there is none.
 */
export async function instantiate<Exports>(
  builds: WasmBuilds,
  options: InstantiateOptions = {},
): Promise<WasmInstance<Exports>> {
  const { build = builds.relaxed !== undefined && hasRelaxedSimd() ? 'relaxed' : 'base', memoryLimit } = options
  const { shared = false } = options
  const source = builds[build]
  if (source === undefined) throw new TacoError('UNSUPPORTED', `this module has no build '${build}'`)
  if (!(build === 'base' ? hasSimd() : hasRelaxedSimd())) {
    const missing = build === 'base' ? 'SIMD' : 'relaxed SIMD'
    throw new TacoError('UNSUPPORTED', `WebAssembly here has no ${missing}; use Node 20 or newer, or a current browser`)
  }
  const module = await compile(source, shared)
  const memory = createMemory(shared, memoryLimit)
  const instance = await WebAssembly.instantiate(module, { env: { memory } })
  const arena = createArena(memory, undefined, memoryLimit)
  return { exports: instance.exports as Exports, arena, build, module, memory }
}

async function compile(source: WasmSource, shared: boolean): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source
  const bytes = typeof source === 'string' ? decodeEmbedded(source) : new Uint8Array(source)
  const fitting = withMemoryKind(bytes, shared)
  if (fitting) return WebAssembly.compile(fitting)
  throw new TacoError('UNSUPPORTED', 'this module cannot share its memory; compile it with --sharedMemory')
}

const pageBytes = 65536
const mostPages = 65536
/** 256 MiB: below, a failure to reserve addresses is a failure to get memory. */
const fewestPages = 4096

/** One page that may grow to the limit, or to less where so many addresses cannot be reserved. */
function createMemory(shared: boolean, limit = pageBytes * mostPages): WebAssembly.Memory {
  let maximum = Math.min(mostPages, Math.max(1, Math.ceil(limit / pageBytes)))
  for (;;) {
    try {
      return new WebAssembly.Memory({ initial: 1, maximum, shared })
    } catch (cause) {
      if (maximum <= fewestPages)
        throw new TacoError('OUT_OF_MEMORY', 'wasm memory: not even one page can be had; free memory', { cause })
      maximum = Math.max(fewestPages, maximum >> 1)
    }
  }
}
