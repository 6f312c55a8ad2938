import { TacoError } from '@tacojs/errors'
import type { Attribute } from '@tacojs/graph'
import { toNumber, type AttributeProto, type GraphProto, type Int64 } from './proto.js'
import { readTensor, type LoadExternal } from './tensor-data.js'

/** AttributeProto.AttributeType. */
const kinds = ['', 'float', 'int', 'string', 'tensor', 'graph', 'floats', 'ints', 'strings'] as const
export type AttributeKind = (typeof kinds)[number]

export const attributeCode = (kind: Exclude<AttributeKind, ''>): number => kinds.indexOf(kind)

const utf8 = new TextDecoder()

/** A graph (the body of a control-flow operator) is returned as it is. */
export function readAttribute(
  proto: AttributeProto,
  where: string,
  loadExternal?: LoadExternal,
): Attribute | { graph: GraphProto } {
  const name = `attribute ${proto.name} of ${where}`
  switch (kinds[proto.type ?? 0] || guessKind(proto)) {
    case 'float':
      return proto.f ?? 0
    case 'int':
      return toNumber((proto.i ?? 0) as Int64)
    case 'string':
      return utf8.decode(proto.s ?? new Uint8Array())
    case 'floats':
      return [...(proto.floats ?? [])]
    case 'ints':
      return (proto.ints ?? []).map((i) => toNumber(i as Int64))
    case 'strings':
      return (proto.strings ?? []).map((s) => utf8.decode(s))
    case 'tensor':
      if (!proto.t) throw new TacoError('INVALID_MODEL', `${name} is empty`)
      return readTensor(proto.t, name, loadExternal)
    case 'graph':
      if (!proto.g) throw new TacoError('INVALID_MODEL', `${name} is empty`)
      return { graph: proto.g }
    default:
      throw new TacoError('UNSUPPORTED', `${name} is of a kind that graphs cannot hold (${proto.type ?? 'not stated'})`)
  }
}

/** Files older than IR version 2 state no kind: it is the field that is there. */
function guessKind(proto: AttributeProto): AttributeKind {
  if (proto.type) return ''
  const has = (key: keyof AttributeProto) => Object.hasOwn(proto, key)
  if (has('f')) return 'float'
  if (has('i')) return 'int'
  if (has('s')) return 'string'
  if (has('t')) return 'tensor'
  if (has('g')) return 'graph'
  if (proto.floats?.length) return 'floats'
  if (proto.ints?.length) return 'ints'
  return proto.strings?.length ? 'strings' : ''
}
