import { createHash } from 'node:crypto'
import type { Tensor } from '@tacojs/graph'
import { decodeSafetensors, encodeSafetensors } from '@tacojs/model-io'

/** Something finished that is kept: tensors by name, and what JSON can hold. */
export interface WorkRecord {
  readonly tensors: ReadonlyMap<string, Tensor>
  readonly note: unknown
}

/** Where finished work is kept. */
export interface Records {
  /** Undefined where there is none, or it is damaged. */
  read(name: string): Promise<WorkRecord | undefined>
  write(name: string, record: WorkRecord): Promise<void>
}

const DIGEST = 64

/** SHA-256 in hexadecimal, then a safetensors file. */
export function encodeRecord({ tensors, note }: WorkRecord): Uint8Array {
  const body = encodeSafetensors(tensors, new Map([['note', JSON.stringify(note)]]))
  return Buffer.concat([Buffer.from(digest(body)), body])
}

/** Undefined where the bytes are not those that were written. */
export function decodeRecord(bytes: Uint8Array): WorkRecord | undefined {
  const body = bytes.subarray(DIGEST)
  if (Buffer.from(bytes.subarray(0, DIGEST)).toString() !== digest(body)) return undefined
  const { tensors, metadata } = decodeSafetensors(body)
  return { tensors, note: JSON.parse(metadata.get('note')!) as unknown }
}

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
