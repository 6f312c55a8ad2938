import { Op } from '../src/opcodes'
import { awaitJob, barrier, finish, jobWord, join, members, publish } from '../../wasm/assembly/team'
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

/** Bytes of the control block of a team; what follows it is the job: pointer to the list, its length. */
const JOB: usize = 384

/**
 * Runs the commands at a list of pointers, with the team whose control block is given (0: on this thread alone). Returns
 * the number of threads that took part, or 0 when one was lost.
 */
export function run(control: usize, list: usize, count: i32): i32 {
  if (control == 0) {
    execute(0, list, count, 0, 1)
    return 1
  }
  const job = control + JOB
  store<u32>(job, list)
  store<i32>(job, count, 4)
  const size = publish(control, job)
  const done = execute(control, list, count, 0, size)
  return join(control, size) && done ? size : 0
}

/** The loop of a worker. */
export function work(control: usize, id: i32): void {
  let ticket = awaitJob(control, id, 0)
  for (; ticket >= 0; ticket = awaitJob(control, id, ticket)) {
    const job = jobWord(control)
    execute(control, load<u32>(job), load<i32>(job, 4), id, members(ticket))
    finish(control)
  }
}
