import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../', import.meta.url))

export interface PackageFolder {
  readonly name: string
  readonly dir: string
  readonly tags: readonly string[]
}

/** Every package of the repository that is published. */
export const packages: readonly PackageFolder[] = readdirSync(join(root, 'packages'))
  .map((folder) => join(root, 'packages', folder))
  .filter((dir) => existsSync(join(dir, 'package.json')))
  .map((dir) => {
    const { name, nx } = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')) as {
      name: string
      nx: { tags: string[] }
    }
    return { name, dir, tags: nx.tags }
  })
