const bytes = async (path) => new Uint8Array(await (await fetch(path)).arrayBuffer())

/** The files of the bundle, by name. */
export async function fetchBundle() {
  const manifest = await bytes('/bundle/manifest.json')
  const names = Object.keys(JSON.parse(new TextDecoder().decode(manifest)).files)
  const files = await Promise.all(names.map(async (name) => [name, await bytes(`/bundle/${name}`)]))
  return new Map([['manifest.json', manifest], ...files])
}

/** The images, as float32 values one behind the other. */
export const fetchPixels = async () => new Float32Array((await bytes('/images.f32')).buffer)
