import { TacoError } from '@tacojs/errors'
import { inferTypes, type Graph, type Node, type ValueType } from '@tacojs/graph'
import type { Backend, CompileOptions } from '@tacojs/runtime'
import type { WasmBuild } from '@tacojs/wasm'
import { createEngine, type Engine } from './engine.js'
import { unsupportedReason } from './lower/index.js'
import type { Form } from './pack/stream.js'
import { WasmProgram, type KernelsWasmProgram } from './program.js'

export interface KernelsWasmOptions {
  /** Threads of a program that does not say; 1 unless given. */
  readonly threads?: number
  /** Which build of the kernels; unless given the one with relaxed SIMD where the engine has it. */
  readonly build?: WasmBuild
  /** Bytes that all programs that share a memory may take together; 4 GiB unless given. */
  readonly memoryLimit?: number
  /** Which form a layer's weights are packed in; 'auto' unless given, by an estimate from the zeros they hold. */
  readonly form?: (node: Node, weightName: string) => Form
}

/** The backend 'wasm'; its programs also say what they run on. */
export interface KernelsWasm extends Backend {
  compile(graph: Graph, options?: CompileOptions): Promise<KernelsWasmProgram>
}

const types = new WeakMap<Graph, ReadonlyMap<string, ValueType>>()
function typesOf(graph: Graph): ReadonlyMap<string, ValueType> {
  let known = types.get(graph)
  if (!known) types.set(graph, (known = inferTypes(graph)))
  return known
}

/** An engine, and what to call when the program that took it is gone. */
interface Taken {
  readonly engine: Engine
  readonly released: () => void
}

/** After so long without a program, memory and threads are given back. */
const idleMs = 1000

/**
 * The backend 'wasm': kernels of its own for dense and sparse networks, on WebAssembly SIMD. Programs of one backend
 * share a memory and its threads; they run one after the other.
 */
export function kernelsWasm(options: KernelsWasmOptions = {}): KernelsWasm {
  const engines = new Map<number, { engine: Promise<Engine>; programs: number; idle?: ReturnType<typeof setTimeout> }>()

  /** An engine for one program. */
  const own = async (threads: number): Promise<Taken> => {
    const engine = await createEngine(threads, options)
    return { engine, released: () => engine.dispose() }
  }
  /** The engine of all programs with so many threads. */
  const shared = async (threads: number): Promise<Taken> => {
    let entry = engines.get(threads)
    if (!entry) {
      entry = { engine: createEngine(threads, options), programs: 0 }
      engines.set(threads, entry)
    }
    const mine = entry
    mine.programs++
    clearTimeout(mine.idle)
    const released = (): void => {
      if (--mine.programs > 0) return
      mine.idle = setTimeout(() => {
        engines.delete(threads)
        void mine.engine.then((e) => e.dispose())
      }, idleMs)
      // a process may end before
      if (typeof mine.idle === 'object') (mine.idle as { unref?(): void }).unref?.()
    }
    const engine = await mine.engine.catch((error: unknown) => {
      // the next program tries again
      if (engines.get(threads) === mine) engines.delete(threads)
      throw error
    })
    return { engine, released }
  }

  const unsupported = (node: Node, graph: Graph): string | undefined =>
    unsupportedReason(node, graph, (name) => typesOf(graph).get(name)?.shape)

  return {
    name: 'wasm',
    unsupported,
    async compile(graph, { threads = options.threads ?? 1, mutable = [], ownMemory = false } = {}) {
      const reasons = graph.nodes.flatMap((node) => {
        const reason = unsupported(node, graph)
        return reason ? [`${reason} (node '${node.name}')`] : []
      })
      if (reasons.length > 0) throw new TacoError('UNSUPPORTED', `wasm cannot run this graph: ${reasons.join('; ')}`)
      const { engine, released } = ownMemory ? await own(threads) : await shared(threads)
      try {
        return new WasmProgram(engine, graph, { threads, mutable, released, form: options.form ?? (() => 'auto') })
      } catch (error) {
        released()
        throw error
      }
    },
  }
}
