/** What is used of Node's worker_threads. */
interface NodeWorkers {
  readonly Worker: new (program: string, options: { eval: true; workerData: unknown; execArgv: string[] }) => NodeWorker
}

interface NodeWorker {
  unref(): void
  on(event: 'message' | 'error' | 'exit', listener: (value: unknown) => void): void
  terminate(): unknown
}

/** The globals that decide. */
interface Environment {
  readonly SharedArrayBuffer?: unknown
  readonly crossOriginIsolated?: boolean
  readonly Worker?: unknown
  readonly process?: { getBuiltinModule?(name: string): unknown }
}

/** Node's worker_threads, without an import that a bundler for browsers would follow. */
export const nodeWorkers = (environment: Environment = globalThis as Environment) =>
  environment.process?.getBuiltinModule?.('node:worker_threads') as NodeWorkers | undefined

/** Why this environment has no threads on shared memory; undefined where it has them. */
export function whyNoThreads(environment: Environment = globalThis as Environment): string | undefined {
  if (environment.crossOriginIsolated === false)
    return 'the page is not cross-origin isolated; serve it with the headers COOP same-origin and COEP require-corp'
  if (environment.SharedArrayBuffer === undefined) return 'there is no shared memory here'
  if (!nodeWorkers(environment) && environment.Worker === undefined)
    return 'there are no workers here; use Node 20.16 or newer, or a current browser'
  return undefined
}
