import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadRecipe } from './load-recipe.js'

let work: string
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'taco-recipe-'))
})
afterAll(() => rm(work, { recursive: true, force: true }))

const loaded = async (text: string): Promise<unknown> => {
  const file = join(work, 'recipe.yaml')
  await writeFile(file, text)
  return loadRecipe(file)
}

test('fields as they are written', async () => {
  expect(await loaded('shots: 4\nlayers: { a: { keep: true } }')).toEqual({ shots: 4, layers: { a: { keep: true } } })
  // of values nothing is said here
  expect(await loaded('{"layers": "none"}')).toEqual({ layers: 'none' })
})

test.each([
  ['max-drop: 2', "there is no field 'max-drop'; is 'maxDrop' meant?"],
  ['sparsty: 0.5', "there is no field 'sparsty'; is 'sparsity' meant?"],
  ['batch_size: 4', "there is no field 'batch_size'; is 'batchSize' meant?"],
  ['shots: 4\nshot: 5', "there is no field 'shot'; is 'shots' meant?"],
  ['zzz: 1', "there is no field 'zzz'; leave it out"],
  ['toString: 1', "there is no field 'toString'"],
  ['layers: { a: { patern: x } }', "layers: a: there is no field 'patern'; is 'pattern' meant?"],
])('%j names the file, and what may be meant', async (text, message) => {
  await expect(loaded(text)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringMatching(/^the recipe '.*recipe\.yaml': /),
  })
  await expect(loaded(text)).rejects.toThrow(message)
})
