import { checkpoint, isTacoError, TacoError, throwIfAborted } from './index.js'

test('the message is one line and the cause is kept', () => {
  const cause = new Error('low level')
  const error = new TacoError('IO', 'cannot write\n  here', { cause })
  expect(error.message).toBe('cannot write here')
  expect(error.cause).toBe(cause)
  expect(error.code).toBe('IO')
})

test('an error of another copy of the package is recognised, others are not', () => {
  const foreign = Object.assign(new Error('x'), { name: 'TacoError', code: 'IO' })
  expect(isTacoError(foreign)).toBe(true)
  expect(isTacoError(new Error('x'))).toBe(false)
  expect(isTacoError({ name: 'TacoError', code: 'IO' })).toBe(false)
})

test('a raised signal becomes ABORTED', () => {
  expect(() => throwIfAborted(undefined)).not.toThrow()
  expect(() => throwIfAborted(AbortSignal.abort('why'))).toThrow(
    expect.objectContaining({ code: 'ABORTED', cause: 'why' }),
  )
})

test('a checkpoint lets events in: what raises the signal meanwhile is seen', async () => {
  const controller = new AbortController()
  setImmediate(() => controller.abort())
  await expect(checkpoint(controller.signal).then(() => checkpoint(controller.signal))).rejects.toMatchObject({
    code: 'ABORTED',
  })
  await expect(checkpoint(undefined)).resolves.toBeUndefined()
})

test('where there are no immediates, as in browsers, messages take their place', async () => {
  const own = globalThis.setImmediate
  Object.assign(globalThis, { setImmediate: undefined })
  try {
    const controller = new AbortController()
    own(() => controller.abort())
    const wait = async (): Promise<never> => {
      for (;;) await checkpoint(controller.signal)
    }
    await expect(wait()).rejects.toMatchObject({ code: 'ABORTED' })
  } finally {
    Object.assign(globalThis, { setImmediate: own })
  }
})
