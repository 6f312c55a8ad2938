import { TacoError } from '@tacojs/errors'
import type { Graph } from '@tacojs/graph'
import { createHash, randomUUID } from 'node:crypto'
import { open, readFile, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { syncFolder, writeFileAtomic } from '../../files/write.js'
import type { KeptWeight } from '../../weights/precision.js'
import { decodeModel, type ModelProto, type TensorProto } from '../proto.js'
import { encodeModel, MAX_BYTES, weightBytes } from './encode.js'
import { modelProto, type ExportOptions } from './model.js'

export interface WriteOnnxOptions extends ExportOptions {
  /**
   * Most bytes of weights that the file itself may hold; above, tensors of at least 1 KiB go to a file beside it.
   * By default 1 MiB below the 2 GiB that a file can have.
   */
  readonly externalData?: number
}

export interface WrittenOnnx {
  /** The model, and the file of its external data where there is one: names in the model's folder, and sizes. */
  readonly files: readonly { readonly name: string; readonly bytes: number }[]
  /** Weights that could not have the wanted form and are float32. */
  readonly kept: readonly KeptWeight[]
}

const ROOM_FOR_NODES = 2 ** 20
const LEAST_EXTERNAL = 1024
/** The size of a page of memory, so that tensors can be mapped from the file. */
const ALIGNMENT = 4096

/**
 * Writes an ONNX model so that after a crash at any moment it is whole, or as it was. External data goes to a file that
 * is named after the model and its own content; so a model that is replaced keeps its data until the new one stands.
 * Throws IO, and UNSUPPORTED as `exportOnnx` does.
 */
export async function writeOnnx(path: string, graph: Graph, options: WriteOnnxOptions = {}): Promise<WrittenOnnx> {
  const { externalData = MAX_BYTES - ROOM_FOR_NODES, ...rest } = options
  const { model, kept } = modelProto(graph, rest)
  const before = await externalFilesOf(path)
  const data = weightBytes(model) > externalData ? await writeData(path, model) : undefined
  const bytes = encodeModel(model)
  await writeFileAtomic(path, bytes)
  for (const name of before) if (name !== data?.name) await rm(join(dirname(path), name), { force: true })
  return { files: [{ name: basename(path), bytes: bytes.length }, ...(data ? [data] : [])], kept }
}

/** Writes the tensors that are large enough one after the other, and puts their places into the model. */
async function writeData(path: string, model: ModelProto): Promise<{ name: string; bytes: number } | undefined> {
  const tensors = (model.graph!.initializer ?? []).filter((t) => (t.rawData?.length ?? 0) >= LEAST_EXTERNAL)
  if (tensors.length === 0) return undefined
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`)
  try {
    const hash = createHash('sha256')
    const file = await open(temporary, 'wx')
    let end = 0
    const write = async (bytes: Uint8Array): Promise<void> => {
      hash.update(bytes)
      for (let done = 0; done < bytes.length;) {
        done += (await file.write(bytes, done, Math.min(bytes.length - done, 2 ** 30))).bytesWritten
      }
      end += bytes.length
    }
    const offsets: number[] = []
    try {
      for (const { rawData } of tensors) {
        await write(new Uint8Array(Math.ceil(end / ALIGNMENT) * ALIGNMENT - end))
        offsets.push(end)
        await write(rawData!)
      }
      await file.sync()
    } finally {
      await file.close()
    }
    const name = `${basename(path)}.${hash.digest('hex').slice(0, 16)}.data`
    tensors.forEach((tensor, i) => moveOut(tensor, name, offsets[i]!))
    await rename(temporary, join(dirname(path), name))
    await syncFolder(dirname(path))
    return { name, bytes: end }
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw new TacoError('IO', `cannot write the data of ${path}: ${(cause as Error).message}`, { cause })
  }
}

function moveOut(tensor: TensorProto, location: string, offset: number): void {
  const length = tensor.rawData!.length
  delete tensor.rawData
  tensor.dataLocation = 1
  tensor.externalData = [
    { key: 'location', value: location },
    { key: 'offset', value: String(offset) },
    { key: 'length', value: String(length) },
  ]
}

/** The data files, of the names that are given here, of a model that is there already. */
async function externalFilesOf(path: string): Promise<ReadonlySet<string>> {
  const names = new Set<string>()
  const bytes = await readFile(path).catch(() => undefined)
  if (!bytes) return names
  try {
    for (const tensor of decodeModel(bytes).graph?.initializer ?? []) {
      const location = tensor.externalData?.find(({ key }) => key === 'location')?.value ?? ''
      if (
        location.startsWith(`${basename(path)}.`) &&
        /^[0-9a-f]{16}\.data$/.test(location.slice(basename(path).length + 1))
      )
        names.add(location)
    }
  } catch {
    // no model, or a damaged one: it has no files that are known
  }
  return names
}
