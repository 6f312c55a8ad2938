import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { TacoError } from '@tacojs/errors'
import type { Tensor } from '@tacojs/graph'
import type { Contender } from './contender.js'

/** What both packages have in common (onnxruntime-common), as far as it is used here. */
interface Ort {
  readonly env: { readonly wasm: { numThreads?: number } }
  readonly Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => object
  readonly InferenceSession: {
    create(model: Uint8Array, options: object): Promise<Session>
  }
}
interface Session {
  readonly inputNames: readonly string[]
  readonly outputNames: readonly string[]
  run(feeds: Readonly<Record<string, object>>): Promise<Readonly<Record<string, { readonly data: Float32Array }>>>
  release(): Promise<void>
}

export interface Onnxruntime {
  readonly version: string
  /** Threads of the process, for ort-web, or of the session: those given when it was opened. */
  compile(model: Uint8Array, input: Tensor): Promise<Contender>
}

const peers = fileURLToPath(new URL('../../../tools/peers/package.json', import.meta.url))
const resolver = createRequire(peers)

/**
 * Which file of a package to import. onnxruntime-web is taken as an ES module and onnxruntime-node as CommonJS: each
 * then has a registry of execution providers of its own. In a shared one the later registration of 'cpu' wins, and both
 * names run the same engine.
 */
const files: Readonly<Record<string, () => string>> = {
  'ort-web': () => join(dirname(resolver.resolve('onnxruntime-web')), 'ort.node.min.mjs'),
  'ort-node': () => resolver.resolve('onnxruntime-node'),
}

export const onnxruntimeNames: readonly string[] = Object.keys(files)

/** Throws NOT_FOUND where the peers are not installed. */
export async function openOnnxruntime(name: string, threads: number): Promise<Onnxruntime> {
  const packageName = name.replace('ort', 'onnxruntime')
  const folder = join(dirname(peers), 'node_modules', packageName)
  if (!existsSync(folder)) {
    throw new TacoError(
      'NOT_FOUND',
      `${packageName} is not installed: run 'npm ci --prefix tools/peers', or leave it out of --peers`,
    )
  }
  const ort = await load(files[name]!())
  ort.env.wasm.numThreads = threads
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }
  const options = {
    executionProviders: [name === 'ort-web' ? 'wasm' : 'cpu'],
    graphOptimizationLevel: 'all',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // its threads need not spin after a run, in the time of who is next; it makes the run itself no slower
    extra: { session: { force_spinning_stop: '1' } },
  }
  return {
    version,
    async compile(model, input) {
      const session = await ort.InferenceSession.create(model, options)
      const [from, to] = [session.inputNames[0]!, session.outputNames[0]!]
      const feeds = { [from]: new ort.Tensor('float32', input.data as Float32Array, input.shape) }
      return {
        run: async () => (await session.run(feeds))[to]!.data,
        dispose: () => session.release(),
      }
    },
  }
}

const loaded = new Map<string, Ort>()

async function load(file: string): Promise<Ort> {
  const known = loaded.get(file)
  if (known) return known
  const module = (await import(pathToFileURL(file).href)) as Ort & { readonly default?: Ort }
  const ort = module.InferenceSession ? module : module.default!
  for (const other of loaded.values()) {
    if (other.env === ort.env) throw new Error('both onnxruntimes share one registry: the peers would be one engine')
  }
  loaded.set(file, ort)
  return ort
}
