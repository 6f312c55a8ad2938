/**
 * Stable codes: programs may branch on them, so a code is never renamed.
 *
 * - `INVALID_ARGUMENT`: a value given by the caller is out of range or of the wrong kind
 * - `INVALID_MODEL`: the bytes or the graph of a model are malformed
 * - `UNSUPPORTED`: well-formed, but an operator, data type or feature is not available here
 * - `INVALID_WEIGHTS`: a weight is missing, NaN or infinite
 * - `INVALID_DATA`: an image folder, label list or tensor file is malformed or empty
 * - `UNKNOWN_CLASS`: a class name is unknown to the model, or matches several of its classes
 * - `SHAPE_MISMATCH`: a tensor has another shape or data type than what it is used for
 * - `NOT_FOUND`: a file, folder, backend or name does not exist
 * - `IO`: reading or writing failed
 * - `NUMERICAL`: a computation cannot give a finite answer (e.g. a matrix is not positive definite)
 * - `OUT_OF_REACH`: what was asked for, a size or a speed, cannot be had
 * - `OUT_OF_MEMORY`: an allocation failed or would exceed a limit
 * - `THREAD_LOST`: a thread of the computation died or did not arrive in time; the same call may succeed another time
 * - `DISPOSED`: something was used after `dispose()`
 * - `ABORTED`: cancelled through an `AbortSignal`
 */
export type TacoErrorCode =
  | 'INVALID_ARGUMENT'
  | 'INVALID_MODEL'
  | 'UNSUPPORTED'
  | 'INVALID_WEIGHTS'
  | 'INVALID_DATA'
  | 'UNKNOWN_CLASS'
  | 'SHAPE_MISMATCH'
  | 'NOT_FOUND'
  | 'IO'
  | 'NUMERICAL'
  | 'OUT_OF_REACH'
  | 'OUT_OF_MEMORY'
  | 'THREAD_LOST'
  | 'DISPOSED'
  | 'ABORTED'

/** An error that a user can cause and mend. The message is one line: what is wrong, where, and what to do. */
export class TacoError extends Error {
  override readonly name = 'TacoError'
  readonly code: TacoErrorCode

  constructor(code: TacoErrorCode, message: string, options?: { cause?: unknown }) {
    super(message.replace(/\s*[\r\n]+\s*/g, ' '), options)
    this.code = code
  }
}

/** Recognises a TacoError also when another copy of this package (another realm, a bundle) made it. */
export function isTacoError(error: unknown): error is TacoError {
  return error instanceof Error && error.name === 'TacoError' && 'code' in error
}
