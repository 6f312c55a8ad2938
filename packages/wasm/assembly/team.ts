// Fork and join of a team of threads on shared memory, for kernel modules to include: no globals, no data of its own.
// Thread 0, the caller, publishes a job and takes part in it as member 0; workers 1, 2, … wait for jobs in the loop
//
//   let job = awaitJob(control, id, 0)
//   for (; job >= 0; job = awaitJob(control, id, job)) { …(jobWord(control), id, members(job)); finish(control) }
//
// The control block holds i32 words; those that different threads write lie in cache lines of their own. The offsets of
// the words that both sides use are repeated in src/team.ts.
//
//   0  ticket: jobs so far << 8 | members of the present job; no members: stop. One word, so that a late worker never
//      takes the ticket of one job for that of another
//   4  the job: whatever the module means by it
//   8  whether the caller may block; the main thread of a page may not and spins
//  12  milliseconds after which a thread counts as lost
//  64  workers still at the job
// 128  arrivals at the barrier
// 192  generation of the barrier
// 256  workers that are ready for jobs; written when they start
// 260  not 0: a thread died or did not arrive, the team is of no more use
// 320  threads that sleep
// 324  steps of long work done by whoever waits for no one meanwhile: no thread counts as lost while this grows

/** Spinning longer makes two threads slower than one on a busy machine. */
const SPINS: i32 = 2000
/** About as many spins as a millisecond has, of two atomic loads each, for a thread that must not sleep. */
const SPINS_PER_MS: i64 = 300_000

/** The number of members of a job, from its ticket. */
export function members(ticket: i32): i32 {
  return ticket & 255
}

/** The job word that was published. */
export function jobWord(control: usize): usize {
  return <usize>load<i32>(control, 4)
}

/** Wakes those that sleep on a word, if anyone sleeps at all: waking is a call into the engine. */
function wake(control: usize, word: usize): void {
  if (atomic.load<i32>(control, 320) != 0) atomic.notify(word, -1)
}

/** Sleeps while the word holds a value, at most `patience` ns (negative: for ever). False when the time was up. */
function sleep(control: usize, word: usize, value: i32, patience: i64): bool {
  atomic.add<i32>(control, 1, 320)
  const result = atomic.wait<i32>(word, value, patience)
  atomic.sub<i32>(control, 1, 320)
  return result != 2
}

/** Marks the team as failed and wakes everyone who waits for another. */
function fail(control: usize): void {
  atomic.store<i32>(control, 1, 260)
  atomic.notify(control + 64, -1)
  atomic.notify(control + 192, -1)
}

/**
 * Waits until a word no longer holds `value`. False when the team has failed, or when nothing happened for too long: the
 * team has then failed.
 */
function awaitChange(control: usize, word: usize, value: i32, mayBlock: bool): bool {
  for (let i = 0; i < SPINS; i++) {
    if (atomic.load<i32>(word) != value) return true
  }
  const patience = <i64>load<i32>(control, 12)
  let progress = atomic.load<i32>(control, 324)
  for (let spins: i64 = 0; atomic.load<i32>(word) == value; spins++) {
    if (atomic.load<i32>(control, 260) != 0) return false
    if (mayBlock ? sleep(control, word, value, patience * 1_000_000) : spins < patience * SPINS_PER_MS) continue
    const now = atomic.load<i32>(control, 324)
    if (now == progress) {
      fail(control)
      return false
    }
    progress = now
    spins = 0
  }
  return true
}

/** A member that works on its own for long says that it is not lost; from time to time, well within the patience. */
export function alive(control: usize): void {
  atomic.add<i32>(control, 1, 324)
}

/**
 * Publishes a job to the workers that are ready now, and returns the number of its members, the caller included. With
 * one member nothing is published. The caller then does its own part, and joins.
 */
export function publish(control: usize, job: usize): i32 {
  const count = atomic.load<i32>(control, 260) != 0 ? 1 : atomic.load<i32>(control, 256) + 1
  if (count == 1) return 1
  store<i32>(control, <i32>job, 4)
  atomic.store<i32>(control, count - 1, 64)
  const jobs = (load<i32>(control) + 256) & 0x7fffff00
  atomic.store<i32>(control, jobs | count)
  wake(control, control)
  return count
}

/**
 * The caller waits until the workers of its job, which has `count` members, have finished. False when one was lost: it
 * may then still be writing.
 */
export function join(control: usize, count: i32): bool {
  if (count == 1) return true
  const mayBlock = load<i32>(control, 8) != 0
  const word = control + 64
  for (let left = atomic.load<i32>(word); left != 0; left = atomic.load<i32>(word)) {
    if (!awaitChange(control, word, left, mayBlock)) return false
  }
  return atomic.load<i32>(control, 260) == 0
}

/**
 * A worker waits for a job that it is a member of and has not done yet. `seen` is the ticket of its last job, 0 before
 * the first. Returns the ticket of the job, or -1 when it is to stop.
 */
export function awaitJob(control: usize, id: i32, seen: i32): i32 {
  while (true) {
    for (let i = 0; i < SPINS; i++) {
      if (atomic.load<i32>(control) != seen) break
    }
    const ticket = atomic.load<i32>(control)
    if (members(ticket) == 0) return -1
    if (ticket == seen) {
      sleep(control, control, seen, -1)
      continue
    }
    if (id < members(ticket)) return ticket
    seen = ticket
  }
}

/** A worker has finished its part. */
export function finish(control: usize): void {
  if (atomic.sub<i32>(control, 1, 64) == 1) wake(control, control + 64)
}

/**
 * All members of the present job wait for each other; what each wrote before is then seen by all. False when one was
 * lost: the member should then leave the job (workers still call `finish`).
 */
export function barrier(control: usize, id: i32, count: i32): bool {
  if (count == 1) return true
  const word = control + 192
  const generation = atomic.load<i32>(word)
  if (atomic.add<i32>(control, 1, 128) == count - 1) {
    atomic.store<i32>(control, 0, 128)
    atomic.store<i32>(word, generation + 1)
    wake(control, word)
    return true
  }
  return awaitChange(control, word, generation, id != 0 || load<i32>(control, 8) != 0)
}
