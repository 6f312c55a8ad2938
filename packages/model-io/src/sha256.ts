/**
 * SHA-256 (FIPS 180-4) as lower-case hexadecimal. Written out because the bundle reader is synchronous and must run where
 * neither `node:crypto` nor `crypto.subtle` (secure pages only) is to be had.
 */
export function sha256(bytes: Uint8Array): string {
  constants ??= makeConstants()
  const hash = Uint32Array.from(constants.start)
  const { k } = constants
  const w = new Uint32Array(64)
  const whole = bytes.length - (bytes.length % 64)
  for (let at = 0; at < whole; at += 64) block(hash, k, w, bytes, at)
  const rest = bytes.length - whole
  const tail = new Uint8Array(rest < 56 ? 64 : 128)
  tail.set(bytes.subarray(whole))
  tail[rest] = 0x80
  new DataView(tail.buffer).setBigUint64(tail.length - 8, BigInt(bytes.length) * 8n)
  for (let at = 0; at < tail.length; at += 64) block(hash, k, w, tail, at)
  return Array.from(hash, (word) => word.toString(16).padStart(8, '0')).join('')
}

let constants: { readonly start: readonly number[]; readonly k: Uint32Array } | undefined

/** Fractions of the roots of the first primes (4.2.2 and 5.3.3). */
function makeConstants(): NonNullable<typeof constants> {
  const primes: number[] = []
  for (let n = 2; primes.length < 64; n++) if (primes.every((p) => n % p !== 0)) primes.push(n)
  const start = primes.slice(0, 8).map((p) => fractionOfRoot(p, 2n))
  return { start, k: Uint32Array.from(primes, (p) => fractionOfRoot(p, 3n)) }
}

/** The first 32 bits of the fraction of a root, in integers: floor(root · 2^32) mod 2^32. */
function fractionOfRoot(n: number, degree: 2n | 3n): number {
  const target = BigInt(n) << (32n * degree)
  let root = 0n
  for (let bit = 1n << 40n; bit > 0n; bit >>= 1n) if ((root + bit) ** degree <= target) root += bit
  return Number(root & 0xffffffffn)
}

function block(hash: Uint32Array, k: Uint32Array, w: Uint32Array, bytes: Uint8Array, at: number): void {
  for (let i = 0; i < 16; i++, at += 4) {
    w[i] = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
  }
  for (let i = 16; i < 64; i++) {
    const [x, y] = [w[i - 15]!, w[i - 2]!]
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10)
    w[i] = w[i - 16]! + s0 + w[i - 7]! + s1
  }
  let [a, b, c, d, e, f, g, h] = hash as unknown as [number, number, number, number, number, number, number, number]
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + k[i]! + w[i]!) | 0
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g
    g = f
    f = e
    e = (d + t1) | 0
    d = c
    c = b
    b = a
    a = (t1 + t2) | 0
  }
  hash[0]! += a
  hash[1]! += b
  hash[2]! += c
  hash[3]! += d
  hash[4]! += e
  hash[5]! += f
  hash[6]! += g
  hash[7]! += h
}
