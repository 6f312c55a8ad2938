import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeSampleTask } from './sample-task.js'

test('train, test and control sets of the asked sizes that share no image', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'taco-samples-'))
  try {
    const task = await writeSampleTask(dir, { task: 'round', trainPerClass: 2, testPerClass: 3 })
    const hashes = new Set<string>()
    let files = 0
    for (const [root, perClass] of [
      [task.train, 2],
      [task.test, 3],
    ] as const) {
      const classes = await readdir(root)
      expect(classes).toHaveLength(6)
      for (const name of classes) {
        const images = await readdir(join(root, name))
        expect(images).toHaveLength(perClass)
        for (const image of images)
          hashes.add(
            createHash('sha256')
              .update(await readFile(join(root, name, image)))
              .digest('hex'),
          )
        files += images.length
      }
    }
    const control = await readdir(task.control)
    expect(control).toHaveLength(12)
    for (const image of control)
      hashes.add(
        createHash('sha256')
          .update(await readFile(join(task.control, image)))
          .digest('hex'),
      )
    expect(hashes.size).toBe(files + 12)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})

test('an unknown task is a typed error that lists the tasks', async () => {
  await expect(writeSampleTask('.', { task: 'nothing' })).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: "no sample task 'nothing'; there are: stars, round",
  })
})
