import type { Random } from '../../testing/fuzz.js'

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

const values: readonly Json[] = [
  ...[null, true, '', 'x', '__proto__', 'float16', 'int8', 'delta', 'bitmask', 'dense', 'int64', 'bool', [], {}, [[]]],
  ...[0, 1, -1, 0.5, 2, 7, 8, 255, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40, 2 ** 53, 1e300],
  ...[[2 ** 20, 2 ** 20], [1, 1, 1, 1, 1, 1, 1, 1, 1], { length: 0 }, { length: 1, inflated: 2 ** 31 }],
]
const keys = ['as', 'axis', 'scales', 'positions', 'inflated', 'offset', 'sparsity', 'stored', 'index', 'name', '']

/** JSON with one to three of its values replaced, left out, repeated or moved: well-formed, whatever it means. */
export function changedJson(text: string, random: Random): string {
  const root = { value: JSON.parse(text) as Json }
  for (let n = random(3); n >= 0; n--) {
    const places = placesIn(root)
    const [holder, key] = places[random(places.length)]!
    const [from, other] = places[random(places.length)]!
    const kind = random(6)
    if (kind < 2) put(holder, key, values[random(values.length)]!)
    else if (kind === 2) put(holder, key, structuredClone(from[other as never]))
    else if (kind === 3) put(holder, keys[random(keys.length)]!, structuredClone(from[other as never]))
    else if (Array.isArray(holder)) {
      const at = Number(key)
      if (kind === 4) holder.splice(at, 1)
      else holder.splice(random(holder.length + 1), 0, structuredClone(holder[at]!))
    } else if (holder !== root) Reflect.deleteProperty(holder, key)
    else put(holder, key, typeof root.value === 'number' ? root.value + random(3) - 1 : [root.value])
  }
  return JSON.stringify(root.value)
}

type Holder = Json[] | { [key: string]: Json }

function put(holder: Holder, key: string, value: Json): void {
  if (!Array.isArray(holder)) holder[key] = value
  else if (/^\d+$/.test(key)) holder[Number(key)] = value
  else holder.push(value)
}

/** Every value with what holds it. */
function placesIn(holder: Holder): [Holder, string][] {
  return Object.entries(holder).flatMap(([key, value]): [Holder, string][] => [
    [holder, key],
    ...(typeof value === 'object' && value !== null ? placesIn(value) : []),
  ])
}
