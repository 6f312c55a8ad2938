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
  /** A tile for each member, then room for panels. */
  scratch: usize
  work: usize
  /** What failed: see cholesky. */
  result: i32
}

/** The members of a job wait for each other. False when one was lost: the job is then to be left. */
export function meet(job: Job, id: i32, count: i32): bool {
  return barrier(job.control, id, count)
}
