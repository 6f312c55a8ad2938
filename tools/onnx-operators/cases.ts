import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One of ONNX's own test cases: a model and the inputs and outputs that belong to it. */
export interface OnnxCase {
  readonly suite: string
  readonly name: string
  readonly model: Uint8Array
  readonly sets: readonly DataSet[]
}

/** Serialised TensorProtos (or sequences), in the order of the model's inputs and outputs. */
interface DataSet {
  readonly inputs: readonly Uint8Array[]
  readonly outputs: readonly Uint8Array[]
}

const suites = ['node', 'simple', 'pytorch-operator', 'pytorch-converted']

/** The cases of all suites in a folder that is laid out as onnx/backend/test/data. */
export function* readCases(folder: string): Generator<OnnxCase> {
  for (const suite of suites) {
    for (const name of readdirSync(join(folder, suite)).sort()) {
      const path = join(folder, suite, name)
      if (!existsSync(join(path, 'model.onnx'))) continue
      const sets = readdirSync(path).filter((n) => n.startsWith('test_data_set_'))
      yield {
        suite,
        name: name.replace(/^test_/, ''),
        model: readFileSync(join(path, 'model.onnx')),
        sets: sets.map((set) => ({
          inputs: numbered(join(path, set), 'input'),
          outputs: numbered(join(path, set), 'output'),
        })),
      }
    }
  }
}

/** input_0.pb, input_1.pb … */
function numbered(folder: string, kind: string): Uint8Array[] {
  const files: Uint8Array[] = []
  for (let i = 0; existsSync(join(folder, `${kind}_${i}.pb`)); i++) {
    files.push(readFileSync(join(folder, `${kind}_${i}.pb`)))
  }
  return files
}
