import { createHash } from 'node:crypto'
import { sha256 } from './sha256.js'

test.each([0, 1, 55, 56, 63, 64, 65, 119, 120, 1000, 100_003])('%i bytes: as node:crypto', (length) => {
  const bytes = Uint8Array.from({ length }, (_, i) => (i * 131 + (i >> 8)) & 255)
  expect(sha256(bytes)).toBe(createHash('sha256').update(bytes).digest('hex'))
})
