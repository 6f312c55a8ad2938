import { isTacoError, TacoError, throwIfAborted } from './index.js'

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
