import { nodeWorkers } from './why-no-threads.js'

/** What a worker needs; `ready` and `failed` are the byte offsets of two words of the control block. */
export interface WorkerData {
  readonly module: WebAssembly.Module
  readonly memory: WebAssembly.Memory
  readonly control: number
  readonly ready: number
  readonly failed: number
  /** Where sleeping threads are woken when a worker dies. */
  readonly wake: readonly number[]
}

/**
 * The whole program of a worker, as text: it is in no file that a bundler could lose. It takes the next id, says that it
 * is ready, and works until told to stop; a kernel that traps marks the team as failed.
 */
const program = `
const start = ({ module, memory, control, ready, failed, wake }, tell) => {
  const word = (at) => [new Int32Array(memory.buffer), (control + at) >> 2]
  let id = 0
  try {
    const { work } = new WebAssembly.Instance(module, { env: { memory } }).exports
    if (!work) throw new Error('the module exports no work()')
    id = Atomics.add(...word(ready), 1) + 1
    tell('')
    work(control, id)
  } catch (error) {
    if (id > 0) {
      Atomics.store(...word(failed), 1)
      for (const at of wake) Atomics.notify(...word(at))
    }
    tell(String(error))
  }
}
`

const nodeProgram = `${program}
const { parentPort, workerData } = require('node:worker_threads')
start(workerData, (text) => parentPort.postMessage(text))
`

const pageProgram = `${program}
self.onmessage = ({ data }) => {
  start(data, (text) => self.postMessage(text))
  self.close()
}
`

/** A page is not told why. */
const refused = "its program was refused; a Content-Security-Policy has to allow it by 'worker-src blob:'"

/** Starts a worker that never keeps the process alive; `settle` is called once it is ready, or with why it is not. */
export function startWorker(data: WorkerData, settle: (error: string) => void): { terminate(): unknown } {
  const node = nodeWorkers()
  if (node) {
    const worker = new node.Worker(nodeProgram, { eval: true, workerData: data, execArgv: [] })
    worker.on('message', (text) => settle(String(text)))
    worker.on('error', (error) => settle(String(error)))
    worker.on('exit', () => settle('it ended'))
    // last, for listening to messages keeps the process alive again
    worker.unref()
    return worker
  }
  const url = URL.createObjectURL(new Blob([pageProgram], { type: 'text/javascript' }))
  const worker = new Worker(url, { type: 'module' })
  const done = (error: string) => {
    URL.revokeObjectURL(url)
    settle(error)
  }
  worker.onmessage = ({ data }) => done(data)
  worker.onerror = ({ message }) => done(message || refused)
  worker.postMessage(data)
  return worker
}
