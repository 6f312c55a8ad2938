import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeSampleTask, type SampleTask } from '@tacojs/samples'
import { classifyImages } from './classify-images.js'

let work: string
let sample: SampleTask
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'taco-classify-'))
  sample = await writeSampleTask(join(work, 'task'), { trainPerClass: 1, testPerClass: 2 })
})
afterAll(() => rm(work, { recursive: true, force: true }))

const classify = (files: string[], more: object = {}) =>
  classifyImages(files, { model: sample.model, labels: sample.labels, backend: 'tfjs-cpu', top: 1, ...more })

test('files that cannot be read have their errors, each in its place, and the others their classes', async () => {
  const [good, other] = ['000', '001'].map((name) => join(sample.test, `striped_star/${name}.png`))
  const [bad, missing] = [join(work, 'bad.png'), join(work, 'missing.png')]
  await writeFile(bad, 'no image')
  const alone = await classify([good!])
  expect(alone).toEqual([{ file: good, top: [expect.objectContaining({ name: expect.any(String) })] }])
  const failed = (file: string, text: string) => ({ file, top: [], error: expect.stringContaining(text) })
  expect(await classify([bad, good!, sample.test, other!, missing, bad])).toEqual([
    failed(bad, 'is not a JPEG'),
    alone[0],
    failed(sample.test, 'is a folder; name the images in it'),
    ...(await classify([other!])),
    failed(missing, 'there is no image'),
    failed(bad, 'is not a JPEG'),
  ])
  expect(await classify([bad, missing])).toEqual([failed(bad, 'is not a JPEG'), failed(missing, 'there is no image')])
  expect(await classify([work])).toEqual([failed(work, 'is a folder')])
})

test('what is wrong with more than a file is thrown', async () => {
  await expect(classify([join(work, 'none.png')], { model: join(work, 'none') })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  })
  const signal = AbortSignal.abort()
  const stopped = classifyImages([join(sample.test, 'striped_star/000.png')], { model: sample.model }, { signal })
  await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' })
})

test('a label file of another number of classes is refused, or warned of', async () => {
  const image = join(sample.test, 'striped_star/000.png')
  const labelled = async (count: number): Promise<string[]> => {
    const labels = join(work, `${count}.json`)
    await writeFile(labels, JSON.stringify(Array.from({ length: count }, (_, i) => `class ${i}`)))
    const warnings: string[] = []
    const onWarning = (text: string) => warnings.push(text)
    await classifyImages([image], { model: sample.model, labels, backend: 'tfjs-cpu' }, { onWarning })
    return warnings
  }
  expect(await labelled(24)).toEqual([])
  expect(await labelled(23)).toEqual([expect.stringContaining('names 23 classes in order, but the model has 24')])
  await expect(labelled(25)).rejects.toMatchObject({
    code: 'INVALID_DATA',
    message: expect.stringContaining("25.json' has 25 labels, but the model has 24 classes"),
  })
})
