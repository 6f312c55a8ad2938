import type { StorageRef, Value } from './values.js'

/** A file of torch.save: what was pickled, and where the elements of its storages are. */
export interface Checkpoint {
  readonly value: Value
  /**
   * Bytes of a storage, from `begin`. Throws INVALID_DATA for a storage that the file does not hold, or not whole, or that
   * does not have its checksum.
   */
  read(storage: StorageRef, begin: number, length: number): Promise<Uint8Array>
}

/** The pickle of a checkpoint is smaller: 100 bytes or two for a tensor. */
export const MAX_PICKLE = 16 << 20
