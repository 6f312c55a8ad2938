import { TacoError } from '@tacojs/errors'
import type { Tf } from './value.js'

/** Loads tfjs and the engine, once per process; the module is imported only when a program is compiled. */
const loaded = new Map<string, Promise<Tf>>()

export function loadEngine(engine: string, wasmPaths?: string): Promise<Tf> {
  const known = loaded.get(engine)
  if (known) return known
  const loading = load(engine, wasmPaths)
  loaded.set(engine, loading)
  // A failed start (a wrong wasmPaths) may be tried again.
  loading.catch(() => loaded.delete(engine))
  return loading
}

async function load(engine: string, wasmPaths: string | undefined): Promise<Tf> {
  const tf = await import('@tensorflow/tfjs-core')
  if (engine === 'cpu') await import('@tensorflow/tfjs-backend-cpu')
  if (engine === 'wasm') {
    const wasm = await import('@tensorflow/tfjs-backend-wasm')
    if (wasmPaths !== undefined) wasm.setWasmPaths(wasmPaths)
    // Its threaded start can hang for ever in a minified page.
    tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false)
  }
  if (!tf.engine().registryFactory[engine]) {
    throw new TacoError('NOT_FOUND', `tfjs has no backend '${engine}'; import the package that registers it first`)
  }
  await exclusive(tf, engine, async () => silently(tf, () => tf.scalar(0).dispose()))
  return tf
}

/** tfjs's cpu engine advertises another package on its first use in Node, unless it is told that this is production. */
function silently(tf: Tf, work: () => void): void {
  const production = tf.env().getBool('PROD')
  tf.env().set('PROD', true)
  try {
    work()
  } finally {
    tf.env().set('PROD', production)
  }
}

let queue: Promise<unknown> = Promise.resolve()

/**
 * Runs `work` while `engine` is tfjs's current backend and nobody else's work runs: the current backend is global to
 * the process, so programs of several engines take turns. The backend that was current before is current afterwards.
 */
export function exclusive<T>(tf: Tf, engine: string, work: () => Promise<T>): Promise<T> {
  const turn = queue.then(async () => {
    const before = tf.engine().backendName
    if (before !== engine && !(await tf.setBackend(engine).catch(() => false))) {
      throw new TacoError('UNSUPPORTED', `tfjs's backend '${engine}' could not be started here`)
    }
    try {
      return await work()
    } finally {
      if (before && before !== engine) await tf.setBackend(before)
    }
  })
  queue = turn.catch(() => undefined)
  return turn
}
