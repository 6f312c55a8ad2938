import { readdir, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { TacoError } from '@tacojs/errors'

/** One image and the position of its class in the folder's `classes`; 0 where there are none. */
export interface ImageItem {
  readonly file: string
  readonly label: number
}

export interface ImageFolder {
  readonly dir: string
  /** Names of the class folders, by code point; empty for a folder without classes. */
  readonly classes: readonly string[]
  /** By class, then by name. */
  readonly items: readonly ImageItem[]
  /** What may hold images and is not read: files of other formats, images beside class folders, folders inside of them. */
  readonly leftOut: readonly string[]
}

const extensions = ['.jpg', '.jpeg', '.jpe', '.jfif', '.png', '.webp', '.gif', '.tif', '.tiff', '.avif']

/** Of images as well, but not read. */
const others = '.bmp .heic .heif .jxl .jp2 .ppm .pgm .pnm .svg .dng .cr2 .cr3 .nef .arw .raw .psd'.split(' ')

/**
 * The images of `<dir>/<class>/*`, or with `classes: false` those of the folder itself and of its direct subfolders.
 * The order is the same on every machine. Hidden files and files without an image's extension are left out, images of other
 * formats and deeper folders with a note; links are followed.
 *
 * Throws NOT_FOUND when there is no such folder, INVALID_DATA naming the folder that holds no images, IO otherwise.
 */
export async function scanImageFolder(
  dir: string,
  { classes: byClass = true }: { readonly classes?: boolean } = {},
): Promise<ImageFolder> {
  const root = await list(dir)
  if (!byClass) {
    const parts = await Promise.all(root.folders.map(async (name) => (await list(join(dir, name))).images))
    const files = [root.images, ...parts].flat()
    if (files.length === 0) throw new TacoError('INVALID_DATA', `'${dir}' holds no images; ${wanted}`)
    return { dir, classes: [], items: files.map((file) => ({ file, label: 0 })), leftOut: root.unread }
  }
  if (root.folders.length === 0) {
    const found = root.images.length > 0 ? `${root.images.length} images, but no class folders` : 'no class folders'
    throw new TacoError('INVALID_DATA', `'${dir}' holds ${found}; put the images into '${join(dir, '<class>')}'`)
  }
  const items: ImageItem[] = []
  const leftOut = [...root.images, ...root.unread]
  for (const [label, name] of root.folders.entries()) {
    const { images, folders, unread } = await list(join(dir, name))
    leftOut.push(...unread, ...folders.map((inner) => join(dir, name, inner)))
    if (images.length === 0) {
      throw new TacoError('INVALID_DATA', `the class folder '${join(dir, name)}' holds no images; ${wanted}`)
    }
    for (const file of images) items.push({ file, label })
  }
  return { dir, classes: root.folders, items, leftOut }
}

const wanted = `files that end in ${extensions.join(', ')} are looked for`

/** Names of the folders, and paths of the images and of those that cannot be read, in a folder, each by code point. */
async function list(dir: string): Promise<{ folders: string[]; images: string[]; unread: string[] }> {
  const folders: string[] = []
  const images: string[] = []
  const unread: string[] = []
  try {
    for (const entry of await readdir(dir, { withFileTypes: true })) {
      if (entry.name.startsWith('.')) continue
      const path = join(dir, entry.name)
      const kind = entry.isSymbolicLink() ? await stat(path).catch(() => undefined) : entry
      const extension = extname(entry.name).toLowerCase()
      if (kind?.isDirectory()) folders.push(entry.name)
      else if (kind?.isFile() && extensions.includes(extension)) images.push(path)
      else if (others.includes(extension) || extensions.includes(extension)) unread.push(path)
    }
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') throw new TacoError('NOT_FOUND', `there is no image folder '${dir}'`, { cause })
    if (code === 'ENOTDIR')
      throw new TacoError('INVALID_DATA', `'${dir}' is a file; give a folder of images`, { cause })
    throw new TacoError('IO', `cannot read the folder '${dir}': ${message}`, { cause })
  }
  for (const names of [folders, images, unread]) names.sort(byCodePoint)
  return { folders, images, unread }
}

/** UTF-8 keeps the order of code points; JavaScript's own order of UTF-16 units does not. */
const byCodePoint = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))
