import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm'
import { memoryOf } from './instance.js'
import { withScratch } from './memory.js'

/** The fields of Job in assembly/job.ts that a caller decides; pointers and strides of y are bytes. */
export interface Job {
  readonly x: number
  readonly y: number
  readonly bias: number
  readonly values: number
  readonly ends: number
  readonly offsets: number
  readonly taps: number
  readonly gradient: number
  readonly tapCount: number
  readonly channels: number
  readonly rows: number
  readonly images: number
  readonly height: number
  readonly width: number
  readonly gridHeight: number
  readonly gridWidth: number
  readonly strides: readonly [number, number]
  readonly yImage: number
  readonly yRow: number
  readonly yPixel: number
}

/** Bytes of the parts of a job's scratch memory, each a multiple of 64. */
const sizes = { job: 128, cursor: 64, seats: 512, buffer: 512 }
const tileBytes = 128

/** Writes the job where the kernel reads it, with its scratch memory, and runs the kernel. */
export function runJob(backend: BackendWasm, job: Job, run: (pointer: number) => void): void {
  const zeroBytes = Math.ceil(Math.max(job.channels, job.rows) / 16) * 64
  const fixed = sizes.job + sizes.cursor + sizes.seats + sizes.buffer
  withScratch(backend, fixed + zeroBytes + job.tapCount * job.channels * tileBytes, (pointer) => {
    const cursor = pointer + sizes.job
    const seats = cursor + sizes.cursor
    const buffer = seats + sizes.seats
    const zeros = buffer + sizes.buffer
    const panel = zeros + zeroBytes
    const words = [
      ...[job.x, job.y, job.bias, job.values, job.ends, job.offsets, job.taps, job.gradient],
      ...[cursor, seats, buffer, zeros, panel],
      ...[job.tapCount, job.channels, job.rows, job.images, job.height, job.width],
      ...[job.gridHeight, job.gridWidth, ...job.strides, job.yImage, job.yRow, job.yPixel],
    ]
    new Uint32Array(memoryOf(backend).buffer, pointer, words.length).set(words)
    run(pointer)
  })
}
