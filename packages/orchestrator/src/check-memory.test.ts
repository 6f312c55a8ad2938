import { checkMemory } from './check-memory.js'

test('what the machine cannot hold is refused before it is read, and the message says what would fit', () => {
  const of = { images: 16000, views: 2, image: 150528, frontier: 756000 }
  const needed = 32000 * (4 * 150528 + 2 * 756000)
  expect(() => checkMemory(of, needed)).not.toThrow()
  expect(() => checkMemory(of, needed / 2)).toThrow(
    expect.objectContaining({
      code: 'OUT_OF_MEMORY',
      message:
        '16000 images, 2 views of each, and their activations take 67.7 GB of memory, this machine has 33.8 GB; take fewer shots, some 6400 images fit',
    }),
  )
  expect(() => checkMemory({ ...of, images: 160 })).not.toThrow()
})
