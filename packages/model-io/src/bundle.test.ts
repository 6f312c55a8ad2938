import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

test('nothing of Node is reachable from the browser entry', () => {
  const seen = new Set<string>()
  const packages = new Set<string>()
  const follow = (url: URL): void => {
    if (seen.has(url.href)) return
    seen.add(url.href)
    const text = readFileSync(fileURLToPath(url), 'utf8')
    for (const [, name] of text.matchAll(/^(?:import|export)\s(?:[^'"]*?\sfrom\s)?['"]([^'"]+)['"]/gm)) {
      if (!name!.startsWith('.')) packages.add(name!)
      else if (!name!.includes('generated')) follow(new URL(name!.replace(/\.js$/, '.ts'), url))
    }
  }
  follow(new URL('./bundle.ts', import.meta.url))
  expect(seen.size).toBeGreaterThan(10)
  expect([...packages].sort()).toEqual(['@tacojs/errors', '@tacojs/graph'])
})
