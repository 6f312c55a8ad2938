// The specialist in pages of headless Chromium, bundled by vite as it comes: with and without cross-origin isolation,
// under a strict policy, on the page's own thread and in a worker.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import { gzipSync } from 'node:zlib'
import { chromium } from 'playwright-core'
import { build } from 'vite'
import { assertLogits } from './agree.mjs'
import { makeSample } from './sample.mjs'
import { serve } from './serve.mjs'

const isolation = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' }
const policy = (workers) => ({
  'content-security-policy': `default-src 'none'; connect-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src ${workers}`,
})
const sites = {
  isolated: isolation,
  plain: {},
  'plain, strict': policy("'self'"),
  'isolated, strict': { ...isolation, ...policy("'self'") },
  'isolated, strict but for blob:': { ...isolation, ...policy("'self' blob:") },
}

const folder = new URL('page/', import.meta.url).pathname
const work = mkdtempSync(join(tmpdir(), 'taco-browser-'))
const servers = {}
const warnings = []
const warn = (text) => warnings.push(text)
const silent = { info() {}, clearScreen() {}, hasErrorLogged: () => false, hasWarned: false }
/** Vite as it comes, but for where its messages go. */
const quiet = { logLevel: 'warn', customLogger: { ...silent, warn, warnOnce: warn, error: warn } }
let browser, expected

before(async () => {
  expected = await makeSample(work)
  await build({ ...quiet, root: folder, build: { outDir: work, emptyOutDir: false } })
  for (const [name, headers] of Object.entries(sites)) servers[name] = await serve(work, headers)
  const network = ['--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync']
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--no-first-run', ...network],
  })
})
after(async () => {
  await browser?.close()
  for (const server of Object.values(servers)) server.stop()
  rmSync(work, { recursive: true, force: true })
})

/** Calls `use` with a page of a site; fails when the page threw anything of its own. */
async function onPage(site, use) {
  const page = await browser.newPage()
  const errors = []
  page.on('pageerror', (error) => errors.push(String(error)))
  try {
    await page.addInitScript(() => {
      globalThis.memories = []
      WebAssembly.Memory = class extends WebAssembly.Memory {
        constructor(descriptor) {
          super(descriptor)
          globalThis.memories.push(this)
        }
      }
    })
    await page.goto(servers[site].origin)
    const result = await use(page)
    assert.deepEqual(errors, [])
    return result
  } finally {
    await page.close()
  }
}

const here = (page, options) => page.evaluate((o) => globalThis.classifyHere(o), options)
const inWorker = (page, options) => page.evaluate((o) => globalThis.classifyInWorker(o), options)

for (const [place, classify] of [
  ["on the page's own thread", here],
  ['in a worker of the page', inWorker],
]) {
  for (const [site, threads] of [
    ['isolated', 1],
    ['isolated', 2],
    ['isolated', 4],
    ['isolated, strict but for blob:', 2],
  ]) {
    test(`${site}, ${place}: as many threads as wanted, ${threads}`, async () => {
      const { logits, ...facts } = await onPage(site, (page) => classify(page, { threads }))
      assertLogits(logits, expected)
      assert.deepEqual(facts, { threads, why: undefined, build: 'relaxed' })
    })
  }

  for (const [site, why] of [
    ['plain', /^the page is not cross-origin isolated; /],
    ['plain, strict', /^the page is not cross-origin isolated; /],
    ['isolated, strict', /'worker-src blob:'$/],
  ]) {
    test(`${site}, ${place}: one thread, and why`, async () => {
      const { logits, ...facts } = await onPage(site, (page) => classify(page, { threads: 2 }))
      assertLogits(logits, expected)
      assert.match(facts.why, why)
      assert.deepEqual({ ...facts, why: '' }, { threads: 1, why: '', build: 'relaxed' })
    })
  }
}

test('the build without relaxed SIMD', async () => {
  const { logits, ...facts } = await onPage('isolated', (page) => here(page, { threads: 2, build: 'base' }))
  assertLogits(logits, expected)
  assert.deepEqual(facts, { threads: 2, why: undefined, build: 'base' })
})

test('its workers start with the program and end with it', async () => {
  await onPage('isolated', async (page) => {
    const specialist = await page.evaluateHandle(() => globalThis.openHere({ threads: 2 }))
    assertLogits(await specialist.evaluate((s) => s.classify()), expected)
    assert.equal(page.workers().length, 1)
    const [worker] = page.workers()
    const closed = new Promise((resolve) => worker.once('close', resolve))
    await specialist.evaluate((s) => s.dispose())
    await closed
    assert.deepEqual(page.workers(), [])
  })
})

for (const threads of [1, 2]) {
  test(`1000 runs and more in a page do not grow its memory, threads: ${threads}`, async () => {
    await onPage('isolated', async (page) => {
      const session = await page.context().newCDPSession(page)
      const memory = async () => {
        await session.send('HeapProfiler.collectGarbage')
        const { usedSize, backingStorageSize } = await session.send('Runtime.getHeapUsage')
        const wasm = await page.evaluate(() => globalThis.memories.map(({ buffer }) => buffer.byteLength))
        return { wasm, heap: usedSize + backingStorageSize }
      }
      const specialist = await page.evaluateHandle((o) => globalThis.openHere(o), { threads })
      // three images each time; the engine's own notes on the code have grown by then
      const round = () => specialist.evaluate((s) => s.times(334))
      await round()
      const earlier = await memory()
      await round()
      const later = await memory()
      assert.deepEqual(later.wasm, earlier.wasm)
      assert.equal(later.wasm.length, 1)
      // what the engine still notes comes to some 12 kB; one output kept of each run would come to twice the limit
      assert.ok(later.heap - earlier.heap < 65536, `${later.heap - earlier.heap} bytes more after 1002 runs`)
    })
  })
}

test('the backend fits in 80 kB of a page, the kernels included, and vite has nothing to say', async () => {
  const options = { write: false, rolldownOptions: { input: join(folder, 'kernels.html') } }
  const { output } = await build({ ...quiet, root: folder, build: options })
  const code = output.filter(({ type }) => type === 'chunk').map((chunk) => chunk.code)
  const embedded = readFileSync(new URL('../../packages/kernels-wasm/dist/generated/kernels.js', import.meta.url))
  const [all, kernels] = [code.join(''), embedded].map((text) => gzipSync(text).length)
  console.log(`kernels-wasm and what it imports, minified and gzipped: ${all} bytes, of which both builds: ${kernels}`)
  assert.ok(code.join('').includes(embedded.toString().match(/base: '(.{100})/)[1]))
  assert.ok(all <= 80_000, `${all} bytes`)
  assert.deepEqual(warnings, [])
})
