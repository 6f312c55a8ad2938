import { isTacoError } from '@tacojs/errors'
import { toNumbers, type Tensor } from '@tacojs/graph'

/** Throws unless the tensor's elements are these; NaN equals NaN. */
export function equal(got: Tensor | undefined, want: readonly number[], what: string): void {
  const numbers = got ? toNumbers(got) : []
  if (numbers.join() !== want.join()) throw new Error(`${what}: expected [${want.join()}], got [${numbers.join()}]`)
}

/** Throws unless the action throws a TacoError of one of these codes. */
export async function rejects(action: () => unknown, codes: readonly string[], what: string): Promise<void> {
  try {
    await action()
  } catch (error) {
    if (isTacoError(error) && codes.includes(error.code)) return
    throw new Error(`${what} should throw a TacoError ${codes.join(' or ')}, but threw ${String(error)}`, {
      cause: error,
    })
  }
  throw new Error(`${what} should throw a TacoError ${codes.join(' or ')}, but threw nothing`)
}
