import { awaitJob, finish, join, jobWord, members, publish } from '../../wasm/assembly/team'
import { Group, place } from './group'
import { Job } from './job'
import { solve } from './solve'

function part<T>(job: Job, at: usize): void {
  place<T>(job, at)
  const it = changetype<Group>(at)
  for (let g = atomic.add<i32>(job.counter, 1); g < job.groups; g = atomic.add<i32>(job.counter, 1)) solve<T>(it, g)
}

function take(job: Job, id: i32): void {
  const at = job.scratch + <usize>id * job.step
  if (job.bits == 32) part<f32>(job, at)
  else part<f64>(job, at)
}

/** Bytes that each member of the team needs: a multiple of 64. `scratch` holds 512 bytes already. */
export function scratchBytes(job: usize): usize {
  const it = changetype<Job>(job)
  const end = it.bits == 32 ? place<f32>(it, it.scratch) : place<f64>(it, it.scratch)
  return end - it.scratch
}

/** Does a job with the team. False when a thread of the team was lost. */
export function run(job: usize): bool {
  const it = changetype<Job>(job)
  atomic.store<i32>(it.counter, 0)
  const count = publish(it.control, job)
  take(it, 0)
  return join(it.control, count)
}

export function work(control: usize, id: i32): void {
  for (let ticket = awaitJob(control, id, 0); ticket >= 0; ticket = awaitJob(control, id, ticket)) {
    take(changetype<Job>(jobWord(control)), id)
    finish(control)
  }
}
