import { barrier } from '../../wasm/assembly/team'

/** What the members of a team work on together. The words are written by src/kernels.ts, in this order. */
@unmanaged
export class Job {
  alpha: f64
  control: usize
  op: i32
  /** 32 or 64 */
  bits: i32
  m: i32
  n: i32
  k: i32
  a: usize
  /** Strides of A in bytes: from row to row, from column to column. */
  aRow: isize
  aCol: isize
  b: usize
  bRow: isize
  bCol: isize
  c: usize
  cRow: isize
  cCol: isize
  flags: i32
  /** Counters of what is dealt, then a record and a tile for each member. */
  scratch: usize
  /** Room for panels. */
  work: usize
  /** What failed: see cholesky. */
  result: i32
  /** Further arrays: what they are depends on the kernel. */
  d: usize
  e: usize
  f: usize
}

/** One thread at a job. */
@unmanaged
export class Member {
  job: Job
  id: i32
  count: i32
  /** Which of the two sets of counters the present phase uses. */
  set: i32
  /** Counters used in it. */
  used: i32
  /** Room for a tile. */
  tile: usize
}

/** Counters of a set, each in a cache line of its own. */
const DEALS: i32 = 4
const LINE: usize = 64
const SET: usize = <usize>DEALS * LINE
const RECORD: usize = 320

/** To be called by the caller of a job before it is published. */
export function clearCounters(job: Job): void {
  memory.fill(job.scratch, 0, 2 * SET)
}

export function enter(job: Job, id: i32, count: i32): Member {
  const at = job.scratch + 2 * SET + <usize>id * RECORD
  const me = changetype<Member>(at)
  me.job = job
  me.id = id
  me.count = count
  me.set = 0
  me.used = 0
  me.tile = at + LINE
  return me
}

/**
 * The counter from which the members draw what they do next, so that a thread that is held up does less. All members deal
 * the same things in the same order, at most four in a phase.
 */
export function deal(me: Member): usize {
  const used = me.used++
  return me.job.scratch + <usize>me.set * SET + <usize>used * LINE
}

/** The next number that no one has drawn. */
export function draw(counter: usize): i32 {
  return atomic.add<i32>(counter, 1)
}

/** Ends a phase: the members wait for each other. False when one was lost: the job is then to be left. */
export function meet(me: Member): bool {
  if (!barrier(me.job.control, me.id, me.count)) return false
  // no one uses the counters of the phase that has ended before the next has ended too
  if (me.id == 0) memory.fill(me.job.scratch + <usize>me.set * SET, 0, SET)
  me.set = 1 - me.set
  me.used = 0
  return true
}
