import { deal, draw, Job, Member } from './job'
import { factorRows, potrs } from './posv'

/** A system with a principal submatrix: what of A it has, and its right-hand sides. Written by src/principal.ts. */
@unmanaged
class System {
  /** i32 [k]: the rows and columns of A that it has. */
  support: usize
  k: i32
  /** f64 [nrhs × k], replaced by the solutions. */
  b: usize
  nrhs: i32
  /** 1 once it is solved, 0 where its matrix is not positive definite: b is then as it was. */
  solved: i32
}

/** Bytes from row to row of a submatrix: an odd number of cache lines. */
function subRow(job: Job): usize {
  return ((((<usize>job.n) << 3) + 63) & ~63) | 64
}

/** n is the size of the largest system; flags: the members that there can be. */
export function principalBytes(job: Job): usize {
  return <usize>(job.flags * job.n) * subRow(job)
}

/** Solves the m systems at d with A + alpha·I, f64; members draw them. */
export function principal(me: Member): bool {
  const job = me.job
  const row = subRow(job)
  const l = job.work + <usize>(me.id * job.n) * row
  const counter = deal(me)
  for (let s = draw(counter); s < job.m; s = draw(counter)) {
    const it = changetype<System>(job.d + <usize>s * offsetof<System>())
    const k = it.k
    for (let i = 0; i < k; i++) {
      const from = job.a + <usize>(<isize>index(it, i) * job.aRow)
      const to = l + <usize>i * row
      for (let j = 0; j <= i; j++) store<f64>(to + ((<usize>j) << 3), load<f64>(from + ((<usize>index(it, j)) << 3)))
      store<f64>(to + ((<usize>i) << 3), load<f64>(to + ((<usize>i) << 3)) + job.alpha)
    }
    it.solved = factorRows<f64>(k, l, row) < 0 ? 1 : 0
    if (it.solved != 0) potrs<f64>(k, it.nrhs, l, row, it.b, (<usize>k) << 3)
  }
  return true
}

function index(it: System, i: i32): i32 {
  return load<i32>(it.support + ((<usize>i) << 2))
}
