import { PassThrough, Writable } from 'node:stream'
import { watchOutput } from './output.js'

/** What a watch says of streams in the place of stdout. */
async function watching(stdout: NodeJS.WritableStream, write: () => void): Promise<unknown> {
  const original = Object.getOwnPropertyDescriptor(process, 'stdout')!
  Object.defineProperty(process, 'stdout', { value: stdout, configurable: true })
  try {
    const output = watchOutput()
    write()
    const said = await output.check().catch((error: unknown) => error)
    await output.close()
    return said
  } finally {
    Object.defineProperty(process, 'stdout', original)
  }
}

test('nobody who reads any more is no error', async () => {
  const gone = new PassThrough()
  const said = await watching(gone, () =>
    gone.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE', errno: -32 })),
  )
  expect(said).toBeUndefined()
})

test('a full disk is one, once the work is done', async () => {
  const error = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  const full = new Writable({ write: (_part, _encoding, done) => setTimeout(done, 5, error) })
  const said = await watching(full, () => full.write('result'))
  expect(said).toMatchObject({ code: 'IO', message: expect.stringMatching(/^the work is done, but .*ENOSPC/) })
})

test('what waits is written first', async () => {
  const slow = new PassThrough({ highWaterMark: 4 })
  let read = ''
  setTimeout(() => slow.on('data', (part) => (read += String(part))), 20)
  expect(await watching(slow, () => slow.write('a long result'))).toBeUndefined()
  expect(read).toBe('a long result')
})
