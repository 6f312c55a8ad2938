/**
 * The bytes of a string of lower-case hexadecimal digits, in any environment. Modules are embedded so because what is
 * served is compressed: that finds what repeats byte by byte, which base64 shows in three forms. It takes a quarter less.
 */
export function decodeHex(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length >> 1)
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = (digit(text.charCodeAt(2 * i)) << 4) | digit(text.charCodeAt(2 * i + 1))
  }
  return bytes
}

/** From '0' to '9' and 'a' to 'f'. */
const digit = (code: number): number => (code < 58 ? code - 48 : code - 87)
