import { isTacoError } from '@tacojs/errors'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { importOnnx } from '../index.js'

const shared = fileURLToPath(new URL('../../../../../shared/data/', import.meta.url))
const edge = `${shared}onnx-edge/`

test('malformed files are refused with a typed error of one line', async () => {
  if (!existsSync(edge)) return console.info('malformed ONNX files are not here: skipped')
  const expected = JSON.parse(readFileSync(`${edge}malformed/expect.json`, 'utf8')) as Record<
    string,
    { expect: string }
  >
  const accepted: string[] = []
  for (const [name, { expect: wanted }] of Object.entries(expected)) {
    const outcome: unknown = await importOnnx(`${edge}malformed/${name}.onnx`).catch((error: unknown) => error)
    if (outcome instanceof Error) {
      if (!isTacoError(outcome)) throw outcome
      expect(outcome.message).not.toContain('\n')
    } else if (wanted === 'reject') accepted.push(name)
  }
  // Two shapes that do not fit are found by type inference.
  expect(accepted).toEqual(['matmul_shape_mismatch', 'conv_group_mismatch'])
})

test('valid files are imported', async () => {
  if (!existsSync(edge)) return console.info('ONNX edge cases are not here: skipped')
  const refused: Record<string, string> = {}
  for (const name of readdirSync(`${edge}valid`).filter((n) => !n.endsWith('.json'))) {
    await importOnnx(`${edge}valid/${name}/model.onnx`).catch((error: Error) => (refused[name] = error.message))
  }
  expect(Object.keys(refused)).toEqual(['optional_empty_inputs', 'qdq_per_channel'])
})

test('models of both exporters', async () => {
  if (!existsSync(`${shared}timm-fixtures`)) return console.info('timm fixtures are not here: skipped')
  const refused: Record<string, string> = {}
  for (const name of readdirSync(`${shared}timm-fixtures`).filter((n) => !n.endsWith('.json'))) {
    for (const file of ['model.onnx', 'model.dynamo.onnx']) {
      const path = `${shared}timm-fixtures/${name}/${file}`
      if (existsSync(path)) await importOnnx(path).catch((error: Error) => (refused[name + file] = error.message))
    }
  }
  // torch's as_strided becomes a Loop in two of them.
  expect(Object.keys(refused)).toEqual(['convnextmodel.dynamo.onnx', 'convnext_hnfmodel.dynamo.onnx'])
})
