import { isTacoError } from '@tacojs/errors'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { importOnnx } from './import.js'

const shared = fileURLToPath(new URL('../../../../../shared/data/', import.meta.url))
const edge = `${shared}onnx-edge/`

/** INVALID_MODEL where nothing is said. */
const codes: Record<string, string> = {
  external_missing_file: 'NOT_FOUND',
  unknown_operator: 'UNSUPPORTED',
  opset_too_new: 'UNSUPPORTED',
  string_tensor: 'UNSUPPORTED',
  unknown_data_type: 'UNSUPPORTED',
  matmul_shape_mismatch: 'SHAPE_MISMATCH',
  conv_group_mismatch: 'SHAPE_MISMATCH',
}

test('malformed files are refused with a typed error of one line', async () => {
  if (!existsSync(edge)) return console.info('malformed ONNX files are not here: skipped')
  const expected = JSON.parse(readFileSync(`${edge}malformed/expect.json`, 'utf8')) as Record<
    string,
    { expect: string }
  >
  for (const [name, { expect: wanted }] of Object.entries(expected)) {
    const outcome: unknown = await importOnnx(`${edge}malformed/${name}.onnx`).catch((error: unknown) => error)
    if (outcome instanceof Error && !isTacoError(outcome)) throw outcome
    if (wanted === 'reject' || outcome instanceof Error) {
      expect([name, outcome]).toEqual([name, expect.objectContaining({ code: codes[name] ?? 'INVALID_MODEL' })])
      expect((outcome as Error).message).not.toContain('\n')
    }
  }
})

test('valid files are imported', async () => {
  if (!existsSync(edge)) return console.info('ONNX edge cases are not here: skipped')
  const refused: Record<string, string> = {}
  for (const name of readdirSync(`${edge}valid`).filter((n) => !n.endsWith('.json'))) {
    await importOnnx(`${edge}valid/${name}/model.onnx`).catch((error: Error) => (refused[name] = error.message))
  }
  expect(refused).toEqual({})
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
  expect(refused).toEqual({})
})
