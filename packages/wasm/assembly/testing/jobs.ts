// Jobs for the tests of the team. A job is a pointer to i32 words: kind, rounds, a flag, then one slot per member.
import { alive, awaitJob, barrier, finish, join, jobWord, members, publish } from '../team'

const COUNT = 0
const MEET = 1
const TRAP = 2
const STRAY = 3
const LONG = 4

function part(control: usize, id: i32, count: i32, job: usize): bool {
  const kind = load<i32>(job)
  const slot = job + 12 + ((<usize>id) << 2)
  if (kind == COUNT) store<i32>(slot, load<i32>(slot) + 1)
  if (kind == MEET) {
    for (let round = 1; round <= load<i32>(job, 4); round++) {
      store<i32>(slot, round)
      if (!barrier(control, id, count)) return false
      for (let other = 0; other < count; other++) {
        // a member that passed the barrier too early, or twice, is caught by its slot
        if (load<i32>(job + 12 + ((<usize>other) << 2)) != round) store<i32>(job, -1, 8)
      }
      if (!barrier(control, id, count)) return false
    }
  }
  if (id > 0 && kind == TRAP) unreachable()
  // its member 1 sleeps a millisecond, says that it is there, and so on
  if (id == 1 && kind == LONG) {
    for (let round = 0; round < load<i32>(job, 4); round++) {
      atomic.wait<i32>(slot, load<i32>(slot), 1_000_000)
      alive(control)
    }
    store<i32>(slot, load<i32>(job, 4))
  }
  if (id > 0 && kind == STRAY) while (atomic.load<i32>(job, 8) == 0) {}
  return true
}

/** Returns the members that took part, or -1 when one was lost. */
export function run(control: usize, job: usize): i32 {
  const count = publish(control, job)
  const whole = part(control, 0, count, job)
  return join(control, count) && whole ? count : -1
}

export function work(control: usize, id: i32): void {
  for (let job = awaitJob(control, id, 0); job >= 0; job = awaitJob(control, id, job)) {
    part(control, id, members(job), jobWord(control))
    finish(control)
  }
}
