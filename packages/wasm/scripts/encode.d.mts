export function encodeEmbedded(bytes: Uint8Array): string
