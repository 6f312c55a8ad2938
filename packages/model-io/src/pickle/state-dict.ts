import { TacoError } from '@tacojs/errors'
import type { Tensor } from '@tacojs/graph'
import { openRanges, type Ranges } from '../files/ranges.js'
import { storedBytes, tensorFromBytes } from '../stored-type.js'
import { openArchive } from './archive.js'
import type { Checkpoint } from './checkpoint.js'
import { gather, spanOf } from './gather.js'
import { openLegacy } from './legacy.js'
import { TensorRef, type Value } from './values.js'

/**
 * The tensors of a state dict that torch.save wrote (`.pth`, `.pt`, `.bin`), in its order, or of one in a checkpoint as
 * timm looks for it: `state_dict_ema`, `model_ema`, `state_dict`, `model`. Prefixes of wrappers (`module.`, `_orig_mod.`)
 * are taken off. float16 and bfloat16 are widened to float32. Nothing in the file is run: see `unpickle`. A file is read a
 * tensor at a time.
 *
 * @param source path, or the file's bytes
 * @throws INVALID_DATA for every departure from the formats, and values that are no tensors; UNSUPPORTED naming a Python
 *   name or an opcode that is refused; NOT_FOUND and IO for the file
 */
export async function readStateDict(source: string | Uint8Array): Promise<ReadonlyMap<string, Tensor>> {
  const file = typeof source === 'string' ? await openRanges(source) : rangesOf(source)
  const where = typeof source === 'string' ? `'${source}'` : 'the file'
  try {
    const checkpoint = await open(file, where)
    // views may overlap and repeat: a small file must not ask for a large memory
    const budget = { bytes: 4 * file.size + (16 << 20) }
    const tensors = new Map<string, Tensor>()
    for (const [name, value] of entriesOf(checkpoint.value, where)) {
      tensors.set(name, await load(checkpoint, name, value, budget, where))
    }
    return tensors
  } finally {
    await file.close()
  }
}

const rangesOf = (bytes: Uint8Array): Ranges => ({
  size: bytes.length,
  read: async (offset, length) => bytes.slice(offset, offset + length),
  close: async () => undefined,
})

async function open(file: Ranges, where: string): Promise<Checkpoint> {
  const start = await file.read(0, Math.min(4, file.size))
  // PK\3\4, the header of a zip archive's first entry; 0x80, a pickle
  if (start[0] === 0x50 && start[1] === 0x4b) return openArchive(file, where)
  if (start[0] === 0x80) return openLegacy(file, where)
  throw new TacoError('INVALID_DATA', `${where} is no file of torch.save: it is neither a zip archive nor a pickle`)
}

const wrapped = ['state_dict_ema', 'model_ema', 'state_dict', 'model']

function entriesOf(value: Value, where: string): [string, TensorRef][] {
  const invalid = (why: string) => new TacoError('INVALID_DATA', `${where} holds no state dict: ${why}`)
  let found = value
  if (value instanceof Map) {
    const key = wrapped.find((name) => value.get(name) !== undefined)
    if (key !== undefined && !(value.get(key) instanceof TensorRef)) found = value.get(key)
  }
  if (!(found instanceof Map)) throw invalid('what was saved is no dict; save model.state_dict()')
  const entries = new Map<string, TensorRef>()
  for (const [key, entry] of found) {
    if (typeof key !== 'string') throw invalid('it has a name that is no text')
    const name = key.replace(/^module\./, '').replace(/^_orig_mod\./, '')
    const shown = name.replace(/[^\x20-\x7e]/g, '?').slice(0, 120)
    if (!(entry instanceof TensorRef)) throw invalid(`'${shown}' is no tensor; save model.state_dict() alone`)
    if (entries.has(name)) throw invalid(`'${shown}' is there twice, with and without a wrapper's prefix`)
    entries.set(name, entry)
  }
  return [...entries]
}

/** Bytes that each tensor counts for besides its elements: reading one takes time however small it is. */
const COST = 1024

async function load(
  checkpoint: Checkpoint,
  name: string,
  view: TensorRef,
  budget: { bytes: number },
  where: string,
): Promise<Tensor> {
  const size = storedBytes(view.type)
  const span = spanOf(view) * size
  const count = view.shape.reduce((product, s) => product * s, 1)
  // 16-bit floats become twice as long
  budget.bytes -= COST + Math.max(span, count * Math.max(size, 4))
  if (budget.bytes < 0) {
    throw new TacoError(
      'INVALID_DATA',
      `${where}: its tensors take more memory than the file accounts for, at '${name}'`,
    )
  }
  const bytes = span === 0 ? new Uint8Array() : await checkpoint.read(view.storage, view.offset * size, span)
  return tensorFromBytes(view.type, view.shape, gather(view, bytes))
}
