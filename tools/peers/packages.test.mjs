// What is published is what was built: tarballs are packed, linted, installed in an empty project and imported; those for
// browsers are bundled by vite without configuration.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import { build } from 'vite'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'

const root = new URL('../../', import.meta.url).pathname
const packages = readdirSync(join(root, 'packages')).map((folder) => {
  const dir = join(root, 'packages', folder)
  const manifest = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'))
  return { dir, name: manifest.name, manifest, browser: manifest.nx.tags.includes('env:any') }
})
const work = mkdtempSync(join(tmpdir(), 'taco-pack-'))

before(() => {
  const tarballs = packages.map(({ dir }) =>
    join(
      work,
      JSON.parse(execFileSync('npm', ['pack', '--json', '--pack-destination', work], { cwd: dir }))[0].filename,
    ),
  )
  writeFileSync(join(work, 'package.json'), '{"private": true, "type": "module"}')
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...tarballs], {
    cwd: work,
    stdio: 'pipe',
  })
})
after(() => rmSync(work, { recursive: true, force: true }))

for (const { name, dir, manifest, browser } of packages) {
  test(`${name}: the tarball imports in an empty project with nothing on stderr`, () => {
    const code = `import * as all from '${name}'; console.log(Object.keys(all).length > 0)`
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      cwd: work,
      encoding: 'utf8',
    })
    assert.equal(stderr, '')
    assert.equal(stdout, 'true\n')
  })

  test(`${name}: publint finds nothing, and nothing runs at install`, async () => {
    const { messages } = await publint({ pkgDir: dir, strict: true })
    const shown = messages.filter((m) => m.type !== 'suggestion').map((m) => formatMessage(m, manifest))
    assert.deepEqual(shown, [])
    for (const hook of ['preinstall', 'install', 'postinstall']) assert.equal(manifest.scripts?.[hook], undefined)
  })

  const entries = browser ? [name] : name === '@tacojs/model-io' ? ['@tacojs/model-io/bundle'] : []
  for (const entry of entries) {
    test(`${entry}: vite bundles it for a page without configuration`, async () => {
      const page = join(work, `page-${entry.replaceAll(/\W/g, '-')}`)
      mkdirSync(page)
      writeFileSync(join(page, 'index.html'), '<script type="module" src="./main.js"></script>')
      writeFileSync(join(page, 'main.js'), `import * as all from '${entry}'\nwindow.all = all\n`)
      const problems = []
      const log = (text) => /externalized|node:/.test(text) && problems.push(text)
      const logger = {
        info() {},
        warn: log,
        warnOnce: log,
        error: log,
        clearScreen() {},
        hasErrorLogged: () => false,
        hasWarned: false,
      }
      const output = await build({ root: page, customLogger: logger, build: { write: false } })
      const chunks = (Array.isArray(output) ? output : [output]).flatMap((o) => o.output)
      assert.ok(chunks.some((chunk) => chunk.type === 'chunk' && chunk.code.length > 50))
      assert.deepEqual(problems, [])
    })
  }
}
