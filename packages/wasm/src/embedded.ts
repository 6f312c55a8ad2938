/** Printable ASCII without what ends or escapes a string in JavaScript or HTML templates: 90 characters. */
const alphabet = ' !#%&()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_abcdefghijklmnopqrstuvwxyz{|}~'
/** The bytes that have one character each; the first two characters begin the pairs of the others. */
const singles = alphabet.length - 2
/** Hexadecimal digits of the 256 bytes in the order of their codes. */
const orderDigits = 512

/**
 * The bytes of a module that scripts/encode.mjs made a text of, in any environment: first all bytes by falling frequency,
 * in hexadecimal, then the module, its 88 most frequent bytes as one character, the others as two. A page gets hardly more
 * than the module itself, and what is served compressed is compressed byte by byte, as base64 is not.
 */
export function decodeEmbedded(text: string): Uint8Array<ArrayBuffer> {
  const code = new Uint8Array(128)
  for (let i = 0; i < alphabet.length; i++) code[alphabet.charCodeAt(i)] = i
  const order = new Uint8Array(256)
  for (let i = 0; i < 256; i++) order[i] = parseInt(text.slice(2 * i, 2 * i + 2), 16)
  const bytes = new Uint8Array(text.length - orderDigits)
  let length = 0
  for (let i = orderDigits; i < text.length; i++) {
    const first = code[text.charCodeAt(i)]!
    const at = first >= 2 ? first - 2 : singles + first * alphabet.length + code[text.charCodeAt(++i)]!
    bytes[length++] = order[at]!
  }
  return bytes.slice(0, length)
}
