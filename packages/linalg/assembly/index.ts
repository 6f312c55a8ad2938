import { awaitJob, finish, join, jobWord, members, publish } from '../../wasm/assembly/team'
import { cholesky, choleskyBytes } from './cholesky'
import { invert, invertBytes } from './invert'
import { flagsOf, iterate, iterateBytes, packAll, packedBytes, wordsOf } from './iterate'
import { clearCounters, enter, Job, Member } from './job'
import { transpose } from './mirror'
import { factorRows, potrs } from './posv'
import { blockSums, groups, spread } from './patterns'
import { principal, principalBytes } from './principal'
import { product, productBytes } from './product'
import { scatter, scatterBytes } from './scatter'
import { smallest, smallestBytes } from './smallest'
import { solve, solveBytes } from './solve'

function part<T>(me: Member): bool {
  const op = me.job.op
  if (op == 0) return product<T>(me)
  if (op == 1) return cholesky<T>(me)
  if (op == 2) return solve<T>(me)
  return invert<T>(me)
}

/** What there is in one precision only. */
function single(me: Member): bool {
  const op = me.job.op
  if (op == 4) return scatter(me)
  if (op == 5) return packAll(me)
  if (op == 6) return iterate(me)
  if (op == 7) return smallest(me)
  if (op == 8) return principal(me)
  if (op == 9) return groups(me)
  if (op == 10) return blockSums(me)
  return spread(me)
}

function take(job: Job, id: i32, count: i32): bool {
  const me = enter(job, id, count)
  if (job.op >= 4) return single(me)
  return job.bits == 32 ? part<f32>(me) : part<f64>(me)
}

function bytes<T>(job: Job): usize {
  if (job.op == 0) return productBytes<T>(job)
  if (job.op == 1) return choleskyBytes<T>(job)
  if (job.op == 2) return solveBytes<T>(job)
  return invertBytes<T>(job)
}

function singleBytes(job: Job): usize {
  if (job.op == 4) return scatterBytes(job)
  if (job.op == 6) return iterateBytes(job)
  if (job.op == 7) return smallestBytes(job.flags)
  if (job.op == 8) return principalBytes(job)
  return 0
}

/** Bytes that the job needs at `work`. */
export function workBytes(job: usize): usize {
  const it = changetype<Job>(job)
  if (it.op >= 4) return singleBytes(it)
  return it.bits == 32 ? bytes<f32>(it) : bytes<f64>(it)
}

/** Does a job, alone or with the team. False when a thread of the team was lost. */
export function run(job: usize, alone: bool): bool {
  const it = changetype<Job>(job)
  clearCounters(it)
  const count = alone ? 1 : publish(it.control, job)
  const whole = take(it, 0, count)
  return join(it.control, count) && whole
}

export function work(control: usize, id: i32): void {
  for (let ticket = awaitJob(control, id, 0); ticket >= 0; ticket = awaitJob(control, id, ticket)) {
    take(changetype<Job>(jobWord(control)), id, members(ticket))
    finish(control)
  }
}

export { flagsOf, wordsOf }

/** Bytes of the panels of a matrix of the iteration. */
export function iterationPanels(n: i32): usize {
  return packedBytes(n)
}

export function transpose32(rows: i32, cols: i32, a: usize, aRow: usize, b: usize, bRow: usize): void {
  transpose<f32>(rows, cols, a, aRow, b, bRow)
}
export function transpose64(rows: i32, cols: i32, a: usize, aRow: usize, b: usize, bRow: usize): void {
  transpose<f64>(rows, cols, a, aRow, b, bRow)
}
export function factorRows32(n: i32, a: usize, row: usize): i32 {
  return factorRows<f32>(n, a, row)
}
export function factorRows64(n: i32, a: usize, row: usize): i32 {
  return factorRows<f64>(n, a, row)
}
export function potrs32(n: i32, count: i32, l: usize, row: usize, b: usize, bRow: usize): void {
  potrs<f32>(n, count, l, row, b, bRow)
}
export function potrs64(n: i32, count: i32, l: usize, row: usize, b: usize, bRow: usize): void {
  potrs<f64>(n, count, l, row, b, bRow)
}
