import { execFileSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportOnnx } from '@tacojs/model-io'
import { writeSampleTask } from '@tacojs/samples'
import { residualNetwork } from '../allocate/testing/network.js'
import { specialize } from '../specialize.js'

let work: string
let disk: string
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'taco-full-'))
  disk = join(work, 'disk')
  await mkdir(disk)
})
afterAll(() => rm(work, { recursive: true, force: true }))

const system = (command: string, ...args: string[]) => execFileSync(command, args, { stdio: 'ignore' })

/** Mounts a disk of that size in memory, or mounts it anew with other options; false where that is not allowed. */
function mount(options: string, again = false): boolean {
  try {
    system('mount', '-t', 'tmpfs', '-o', again ? `remount,${options}` : options, 'tmpfs', disk)
    return true
  } catch {
    return false
  }
}

test('a disk that is full or read-only is one clear error, and with room the run goes on to the same bytes', async () => {
  if (!mount('size=128k')) {
    console.info('left out: disks cannot be mounted here')
    return
  }
  try {
    const sample = await writeSampleTask(join(work, 'task'), { trainPerClass: 2, testPerClass: 1 })
    const names = (await readdir(sample.train)).sort()
    const [model, data] = [join(work, 'model.onnx'), join(work, 'data')]
    await writeFile(model, exportOnnx(residualNetwork(64)))
    for (const i of [0, 1]) await cp(join(sample.train, names[i]!), join(data, String(i)), { recursive: true })
    const run = (out: string) =>
      specialize({ model, data, shots: 2, method: 'fastobc', augment: 'none' }, { out, threads: 1 })
    const bytes = async (dir: string) =>
      Promise.all((await readdir(dir)).sort().map(async (name) => [name, await readFile(join(dir, name))]))
    await run(join(work, 'bundle'))
    const out = join(disk, 'bundle')
    await expect(run(out)).rejects.toMatchObject({ code: 'IO', message: expect.stringMatching(/ENOSPC/) })
    mount('size=128k,ro', true)
    await expect(run(out)).rejects.toMatchObject({
      code: 'IO',
      message: expect.stringMatching(/^nothing can be written in .*disk: EROFS/),
    })
    mount('size=8m,rw', true)
    await run(out)
    expect(await bytes(out)).toEqual(await bytes(join(work, 'bundle')))
    expect(await readdir(disk)).toEqual(['bundle'])
  } finally {
    system('umount', disk)
  }
})
