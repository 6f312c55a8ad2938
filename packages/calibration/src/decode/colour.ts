/** Pillow's CMYK → RGB, without a colour profile: R = (255 − C)(255 − K) / 255, in its rounding. 255 is full ink. */
export function cmykToRgb(cmyk: Uint8Array, channels: number): Uint8Array {
  const pixels = cmyk.length / channels
  const rgb = new Uint8Array(pixels * 3)
  for (let i = 0; i < pixels; i++) {
    const light = 255 - cmyk[i * channels + 3]
    for (let c = 0; c < 3; c++) {
      const product = cmyk[i * channels + c] * light + 128
      rgb[i * 3 + c] = light - (((product >> 8) + product) >> 8)
    }
  }
  return rgb
}

/** Pillow's mode I;16 → RGB: clipped, not scaled. Almost everything is white, and a model trained by timm saw just that. */
export function gray16ToRgb(values: Uint16Array, channels: number): Uint8Array {
  return grayToRgb(Uint8ClampedArray.from(values), channels)
}

/** The first channel copied to three. */
export function grayToRgb(values: ArrayLike<number>, channels: number): Uint8Array {
  const pixels = values.length / channels
  const rgb = new Uint8Array(pixels * 3)
  for (let i = 0; i < pixels; i++) rgb.fill(values[i * channels], i * 3, i * 3 + 3)
  return rgb
}
