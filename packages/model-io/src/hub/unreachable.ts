import { TacoError } from '@tacojs/errors'

/** The hub cannot be reached or does not serve just now: what is in the cache may stand in for it. */
export class Unreachable extends TacoError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('IO', message, options)
  }
}
