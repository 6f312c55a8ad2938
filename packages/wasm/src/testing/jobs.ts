import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { controlBytes, createHeap, createTeam, instantiate, type TeamOptions } from '../index.js'

interface Jobs {
  run(control: number, job: number): number
}

const root = fileURLToPath(new URL('../../', import.meta.url))

/** The module of assembly/testing/jobs.ts. In a process of its own, because the compiler is slow in jest's sandbox. */
export const jobsModule = new Uint8Array(
  execFileSync(process.execPath, [`${root}scripts/compile.mjs`, `${root}assembly/testing/jobs.ts`]),
)

export const kinds = { count: 0, meet: 1, trap: 2, stray: 3, long: 4 }

/** The test module on shared memory with a team, and a job of three words and a slot for each of eight members. */
export async function startJobs(options: Partial<TeamOptions> & { shared?: boolean }) {
  const { exports, module, memory } = await instantiate<Jobs>(
    { base: jobsModule },
    { shared: options.shared ?? true, memoryLimit: 4 << 20 },
  )
  const heap = createHeap(memory)
  const [control, job] = [heap.alloc(controlBytes), heap.alloc(44)]
  const team = createTeam({ module, memory, control, threads: 2, ...options })
  return {
    team,
    heap,
    words: heap.int32(job, 11),
    run: (kind: number, rounds = 0) => {
      heap.int32(job, 11).set([kind, rounds, 0])
      return exports.run(control, job)
    },
  }
}
