// Modules as texts to embed in JavaScript; src/embedded.ts says how and why, and decodes them.

const alphabet = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).filter((c) => !'\'"\\`$'.includes(c))
const singles = alphabet.length - 2

export function encodeEmbedded(bytes) {
  const counts = new Array(256).fill(0)
  for (const byte of bytes) counts[byte]++
  const order = counts.map((_, byte) => byte).sort((a, b) => counts[b] - counts[a] || a - b)
  const codes = new Array(256)
  for (const [i, byte] of order.entries()) {
    const rest = i - singles
    codes[byte] =
      rest < 0 ? alphabet[i + 2] : alphabet[Math.floor(rest / alphabet.length)] + alphabet[rest % alphabet.length]
  }
  return Buffer.from(order).toString('hex') + Array.from(bytes, (byte) => codes[byte]).join('')
}
