import type { Random } from './fuzz.js'
import { decodeWire, encodeVarint, encodeWire, type Field } from './wire.js'

const names = ['__proto__', 'constructor', 'toString', '', 'x', 'y', '\0', '../../etc/passwd', 'a'.repeat(5000)]
const operators = [
  'If',
  'Loop',
  'Resize',
  'Einsum',
  'Expand',
  'Range',
  'Tile',
  'Constant',
  'Reshape',
  'SplitToSequence',
]
const numbers = [
  0n,
  1n,
  2n,
  7n,
  127n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 40n,
  2n ** 53n + 1n,
  2n ** 63n - 1n,
  -1n,
  -(2n ** 63n),
]

const every = (fields: readonly Field[]): { list: Field[]; i: number; field: Field }[] =>
  (fields as Field[]).flatMap((field, i) => [
    { list: fields as Field[], i, field },
    ...(field.wire === 2 && field.kind ? every(field.children) : []),
  ])

const utf8 = new TextEncoder()

/** Wraps the nodes of a graph in bodies of If nodes, one in the other. */
export function nest(graph: Field[], depth: number): Field[] {
  let body = graph
  for (let i = 0; i < depth; i++) {
    const attribute: Field[] = [
      { field: 1, wire: 2, value: utf8.encode('then_branch') },
      { field: 6, wire: 2, kind: 'Graph', children: body },
    ]
    const node: Field[] = [
      { field: 4, wire: 2, value: utf8.encode('If') },
      { field: 5, wire: 2, kind: 'Attribute', children: attribute },
    ]
    body = [{ field: 1, wire: 2, kind: 'Node', children: node }]
  }
  return body
}

/** One to three changes of a model's messages, with parts of `other`; now and then of the bytes themselves. */
export function mutate(model: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const fields = decodeWire(model, 'Model')
  const pick = <T>(list: readonly T[]): T => list[random(list.length)]!
  let lie: Field | undefined
  for (let n = random(3); n >= 0; n--) {
    const all = every(fields)
    if (all.length === 0) break
    const { list, i, field } = pick(all)
    switch (random(9)) {
      case 0:
        list.splice(i, 1)
        break
      case 1:
        for (let copies = 1 + random(random(4) ? 3 : 300); copies > 0; copies--)
          list.splice(i, 0, structuredClone(field))
        break
      case 2: {
        // a message of the same kind from the other model
        const same = every(decodeWire(other, 'Model')).filter(
          ({ field: f }) => f.wire === 2 && f.kind === (field.wire === 2 ? field.kind : undefined),
        )
        if (same.length) list.splice(i, random(2), pick(same).field)
        break
      }
      case 3:
        lie = field
        break
      case 4:
        if (field.wire === 2 && field.kind === 'Graph')
          field.children = nest(field.children, 1 + random(random(3) ? 40 : 150))
        else list.reverse()
        break
      case 5:
        if (field.wire === 2 && !field.kind) field.value = utf8.encode(pick(random(3) ? names : operators))
        else list.push(structuredClone(pick(all).field))
        break
      case 6:
        if (field.wire === 0) field.value = pick(numbers)
        else if (field.wire === 2 && !field.kind) field.value = Uint8Array.from(encodeVarint(pick(numbers)))
        break
      case 7:
        if (!(field.wire === 2 && field.kind) && field.wire !== 0) {
          field.value = field.value.slice(0, random(field.value.length + 1))
        } else if (field.wire === 0) field.value += BigInt(random(5) - 2)
        break
      default: {
        // the same kind of thing elsewhere
        const to = pick(all)
        list[i] = structuredClone(to.field)
      }
    }
    if (size(fields) > 100_000) break
  }
  const long = pick([2n ** 63n - 1n, 2n ** 32n, 2n ** 31n, 1_000_000n, 0n])
  const bytes = encodeWire(fields, (f, length) => (f === lie ? long : BigInt(length)))
  return random(4) ? bytes : damage(bytes, random)
}

/** How many fields there are, messages in messages included. */
const size = (fields: readonly Field[]): number =>
  fields.reduce((sum, f) => sum + 1 + (f.wire === 2 && f.kind ? size(f.children) : 0), 0)

/** Bits, ends and pieces of the bytes, whatever they mean. */
function damage(bytes: Uint8Array, random: Random): Uint8Array {
  const out = bytes.slice()
  if (out.length === 0) return out
  const at = random(out.length)
  switch (random(4)) {
    case 0:
      out[at]! ^= 1 << random(8)
      return out
    case 1:
      return out.subarray(0, at)
    case 2:
      return out.copyWithin(at, random(out.length), random(out.length))
    default: {
      const from = random(out.length)
      const spliced = new Uint8Array(at + out.length - from)
      spliced.set(out.subarray(0, at))
      spliced.set(out.subarray(from), at)
      return spliced
    }
  }
}
