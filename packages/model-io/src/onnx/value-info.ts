import { TacoError } from '@tacojs/errors'
import type { Dim, ValueInfo } from '@tacojs/graph'
import { widened } from '../stored-type.js'
import { storageOf } from './data-types.js'
import { toNumber, type Int64, type ValueInfoProto } from './proto.js'
import { MAX_RANK } from './tensor-data.js'

/** A dimension without size or name gets a name from the value's. Throws INVALID_MODEL without a tensor type and a rank. */
export function readValueInfo(proto: ValueInfoProto, kind: 'input' | 'output'): ValueInfo {
  const name = proto.name ?? ''
  const where = `${kind} "${name}"`
  if (name === '') throw new TacoError('INVALID_MODEL', `an ${kind} of the graph has no name`)
  const type = proto.type?.tensorType
  for (const kind of ['sequence', 'map', 'optional', 'sparseTensor'] as const) {
    if (!proto.type?.[`${kind}Type`]) continue
    throw new TacoError(
      'UNSUPPORTED',
      `${where} is ${kind === 'optional' ? 'an' : 'a'} ${kind}, which graphs cannot hold`,
    )
  }
  if (!type?.shape)
    throw new TacoError('INVALID_MODEL', `${where} states no tensor shape: export the model with shapes`)
  const dims = type.shape.dim ?? []
  if (dims.length > MAX_RANK) throw new TacoError('INVALID_MODEL', `${where} has ${dims.length} dimensions`)
  const shape = dims.map((dim, i): Dim => {
    if (dim.dimValue === undefined || dim.dimValue === null || !Object.hasOwn(dim, 'dimValue')) {
      return dim.dimParam || `${name}_dim_${i}`
    }
    const size = toNumber(dim.dimValue as Int64)
    if (size < 0 || !Number.isSafeInteger(size)) {
      throw new TacoError('INVALID_MODEL', `${where} has the dimension ${size}`)
    }
    return size
  })
  return { name, dtype: widened(storageOf(type.elemType ?? 0, where).type), shape }
}
