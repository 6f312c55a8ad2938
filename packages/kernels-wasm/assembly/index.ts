import { Op } from '../src/opcodes'
import { alive, awaitJob, barrier, finish, jobWord, join, members, publish } from '../../wasm/assembly/team'
import { attention, products } from './attention'
import { copy } from './copy'
import { binary, fill, lineBinary, rowBinary, unary, zeroMargins } from './elementwise'
import { matrix } from './matrix'
import { layerNorm, softmax } from './normalize'
import { pool } from './pool'
import { reduce } from './reduce'
import { tableBinary } from './tables'

/** A command: its operator, into how many parts it is cut, then what the operator's kernel says. */
function dispatch(command: usize, part: i32): void {
  switch (load<i32>(command)) {
    case Op.Matrix:
      return matrix(command, part)
    case Op.Attention:
      return attention(command, part)
    case Op.LayerNorm:
      return layerNorm(command, part)
    case Op.Softmax:
      return softmax(command, part)
    case Op.Unary:
      return unary(command, part)
    case Op.Binary:
      return binary(command, part)
    case Op.RowBinary:
      return rowBinary(command, part)
    case Op.LineBinary:
      return lineBinary(command, part)
    case Op.Copy:
      return copy(command, part)
    case Op.TableBinary:
      return tableBinary(command, part)
    case Op.Fill:
      return fill(command, part)
    case Op.ZeroMargins:
      return zeroMargins(command, part)
    case Op.Pool:
      return pool(command, part)
    case Op.Product:
      return products(command, part)
    case Op.Reduce:
      return reduce(command, part)
  }
}

/** A list of commands, of which each member does its share of the parts; all wait for each other after every command. */
function execute(control: usize, list: usize, count: i32, id: i32, size: i32): bool {
  const end = list + ((<usize>count) << 2)
  for (; list < end; list += 4) {
    const command = load<u32>(list)
    const parts = load<i32>(command, 4)
    for (let part = id; part < parts; part += size) dispatch(command, part)
    if (!barrier(control, id, size)) return false
  }
  return true
}

/**
 * Whole lists of `count` commands, at a list of pointers, dealt to the members: each runs its own alone, all parts of every
 * command, and waits for no one.
 */
function executeLists(control: usize, lists: usize, number: i32, count: i32, id: i32, size: i32): void {
  for (let i = id; i < number; i += size) {
    let list = load<u32>(lists + ((<usize>i) << 2))
    const end = list + ((<usize>count) << 2)
    for (; list < end; list += 4) {
      const command = load<u32>(list)
      const parts = load<i32>(command, 4)
      for (let part = 0; part < parts; part++) dispatch(command, part)
      if (size > 1) alive(control)
    }
  }
}

/**
 * Bytes of the control block of a team; what follows it is the job: pointer to a list of commands, its length, 0; or
 * pointer to a list of lists, the length of each, their number.
 */
const JOB: usize = 384

/** A member's share of a job. */
function share(control: usize, job: usize, id: i32, size: i32): bool {
  const list = load<u32>(job)
  const count = load<i32>(job, 4)
  const number = load<i32>(job, 8)
  if (number == 0) return execute(control, list, count, id, size)
  executeLists(control, list, number, count, id, size)
  return true
}

/**
 * Runs the commands at a list of pointers, with the team whose control block is given (0: on this thread alone). Returns
 * the number of threads that took part, or 0 when one was lost.
 */
export function run(control: usize, list: usize, count: i32): i32 {
  if (control == 0) {
    execute(0, list, count, 0, 1)
    return 1
  }
  return together(control, list, count, 0)
}

/** Runs lists of `count` commands each, every list on one thread; otherwise as `run`. */
export function runLists(control: usize, lists: usize, number: i32, count: i32): i32 {
  if (control == 0) {
    executeLists(0, lists, number, count, 0, 1)
    return 1
  }
  return together(control, lists, count, number)
}

function together(control: usize, list: usize, count: i32, number: i32): i32 {
  const job = control + JOB
  store<u32>(job, list)
  store<i32>(job, count, 4)
  store<i32>(job, number, 8)
  const size = publish(control, job)
  const done = share(control, job, 0, size)
  return join(control, size) && done ? size : 0
}

/** The loop of a worker. */
export function work(control: usize, id: i32): void {
  let ticket = awaitJob(control, id, 0)
  for (; ticket >= 0; ticket = awaitJob(control, id, ticket)) {
    share(control, jobWord(control), id, members(ticket))
    finish(control)
  }
}
