import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { packages, root } from './packages.js'

const run = promisify(execFile)

/** Runs a module as a user of the built packages would: plain node, no conditions. */
async function runModule(code: string): Promise<{ stdout: string; stderr: string }> {
  const dir = await mkdtemp(join(root, 'node_modules', '.taco-example-'))
  try {
    await writeFile(join(dir, 'example.mjs'), code)
    return await run(process.execPath, ['example.mjs'], {
      cwd: dir,
      env: { ...process.env, NODE_OPTIONS: '', FORCE_COLOR: '0' },
    })
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

describe.each(packages.map((p) => [p.name, p] as const))('%s', (name, { dir, tags }) => {
  const readme = existsSync(join(dir, 'README.md')) ? readFileSync(join(dir, 'README.md'), 'utf8') : ''

  test('is imported with nothing on stderr', async () => {
    expect(await runModule(`import * as all from '${name}'\nconsole.log(Object.keys(all).length > 0)`)).toEqual({
      stdout: 'true\n',
      stderr: '',
    })
  })

  test("its README's example runs, uses only this package, and prints something", async () => {
    const example = /```js\n([\s\S]*?)```/.exec(readme)?.[1] ?? ''
    const imported = [...example.matchAll(/from '([^']+)'/g)].map((m) => m[1]!)
    expect(imported.length).toBeGreaterThan(0)
    for (const from of imported)
      expect(from === name || from.startsWith(`${name}/`) || from.startsWith('node:')).toBe(true)
    const { stdout, stderr } = await runModule(example)
    expect(stderr).toBe('')
    expect(stdout).not.toBe('')
  })

  test('its README says where to start reading, and those files exist', () => {
    const files = [...(/Start reading at([\s\S]*)$/.exec(readme)?.[1] ?? '').matchAll(/`(src\/[^`]+)`/g)].map(
      (m) => m[1]!,
    )
    expect(files.length).toBeGreaterThan(0)
    for (const file of files) expect([file, existsSync(join(dir, file))]).toEqual([file, true])
  })

  if (tags.includes('env:any')) {
    test('its source names no node: module', async () => {
      const { stdout } = await run('grep', [
        '-rlE',
        "from 'node:",
        join(dir, 'src'),
        '--include=*.ts',
        '--exclude=*.test.ts',
        '--exclude-dir=testing',
      ]).catch(() => ({ stdout: '' }))
      expect(stdout).toBe('')
    })
  }
})
