import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onDisk } from './cache.js'
import { downloadModel, type HubOptions, type HubProgress } from './model.js'
import { FakeHub, gitId, sha256 } from './testing/fake-hub.js'

const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))
const config = text({
  architecture: 'resnet18',
  num_classes: 2,
  pretrained_cfg: { input_size: [3, 8, 8], mean: [0, 0, 0], std: [1, 1, 1] },
})
const weights = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7919) >> 3)
const commits = { first: 'a'.repeat(40), second: 'b'.repeat(40) }

let hub: FakeHub
let folder: string
let waits: number[]
const environment = { ...process.env }

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hub-'))
  hub = await new FakeHub().start()
  waits = []
  hub.repos['timm/tiny'] = {
    refs: { main: commits.first, 'refs/pr/1': commits.first },
    commits: { [commits.first]: { 'config.json': config, 'model.safetensors': weights } },
  }
  for (const name of Object.keys(process.env)) if (/^HF_|^HUGGING|^XDG_CACHE/.test(name)) delete process.env[name]
  process.env.HF_HOME = folder
  process.env.HF_ENDPOINT = hub.endpoint
})
afterEach(async () => {
  await hub.stop()
  process.env = { ...environment }
  rmSync(folder, { recursive: true })
})

const fetchIt = (reference = 'hf-hub:timm/tiny', options: HubOptions = {}): Promise<string> =>
  downloadModel(reference, { wait: async (ms) => void waits.push(ms), ...options })
const inCache = (...parts: string[]): string => join(folder, 'hub', 'models--timm--tiny', ...parts)
const read = (file: string): Uint8Array => new Uint8Array(readFileSync(file))
/** jest looks at each of a typed array's elements, which takes seconds. */
const isSame = (file: string, content: Uint8Array): boolean => Buffer.compare(readFileSync(file), content) === 0
const refused = (code: string, message: RegExp): object => ({
  name: 'TacoError',
  code,
  message: expect.stringMatching(message),
})
const gets = (): string[] => hub.requests.filter((request) => request.startsWith('GET'))

test('a model lands in the cache as Python lays it out, and is asked for again only to see whether it has moved', async () => {
  const model = await fetchIt()
  expect(model).toBe(inCache('snapshots', commits.first))
  expect(isSame(join(model, 'config.json'), config)).toBe(true)
  expect(isSame(join(model, 'model.safetensors'), weights)).toBe(true)
  expect(readlinkSync(join(model, 'model.safetensors'))).toBe(join('..', '..', 'blobs', sha256(weights)))
  expect(readlinkSync(join(model, 'config.json'))).toBe(join('..', '..', 'blobs', gitId(config)))
  expect(readFileSync(inCache('refs', 'main'), 'utf8')).toBe(commits.first)
  hub.seen.length = 0
  expect(await fetchIt('hf_hub:timm/tiny@main')).toBe(model)
  expect(hub.requests.filter((r) => r.includes('resolve/'))).toEqual(['HEAD /timm/tiny/resolve/main/config.json'])
  // a commit cannot have moved
  hub.seen.length = 0
  expect(await fetchIt(`hf-hub:timm/tiny@${commits.first}`)).toBe(model)
  expect(hub.requests).toEqual([])
  expect(await fetchIt('hf-hub:timm/tiny@refs/pr/1')).toBe(model)
  expect(readFileSync(inCache('refs', 'refs', 'pr', '1'), 'utf8')).toBe(commits.first)
})

test('a branch that has moved is fetched anew, what has not changed is not', async () => {
  const first = await fetchIt()
  const other = weights.map((byte) => byte ^ 255)
  const repo = hub.repos['timm/tiny']!
  repo.commits[commits.second] = { 'config.json': config, 'model.safetensors': other }
  repo.refs.main = commits.second
  hub.seen.length = 0
  const second = await fetchIt()
  expect(second).toBe(inCache('snapshots', commits.second))
  expect(isSame(join(second, 'model.safetensors'), other)).toBe(true)
  expect(isSame(join(first, 'model.safetensors'), weights)).toBe(true)
  expect(gets().some((request) => request.includes('config'))).toBe(false)
})

test('progress counts bytes to the total and says what is left', async () => {
  const events: HubProgress[] = []
  await fetchIt('hf-hub:timm/tiny', { onProgress: (event) => events.push(event) })
  expect(events[0]).toEqual({ file: 'model.safetensors', done: 0, total: weights.length })
  expect(events.at(-1)).toEqual({
    file: 'model.safetensors',
    done: weights.length,
    total: weights.length,
    secondsLeft: 0,
  })
  expect(events.map(({ done }) => done)).toEqual(events.map(({ done }) => done).sort((a, b) => a - b))
})

describe('without a network', () => {
  test('what is in the cache serves, by a switch or because the hub is out of reach', async () => {
    const model = await fetchIt()
    await hub.stop()
    expect(await fetchIt('hf-hub:timm/tiny', { offline: true })).toBe(model)
    process.env.HF_HUB_OFFLINE = '1'
    expect(await fetchIt()).toBe(model)
    delete process.env.HF_HUB_OFFLINE
    const warnings: string[] = []
    expect(await fetchIt('hf-hub:timm/tiny', { onWarning: (text) => warnings.push(text) })).toBe(model)
    expect(warnings).toEqual([expect.stringMatching(/cannot be reached \(ECONNREFUSED\).*cache.*aaaaaaaaaaaa$/)])
    expect(waits).toEqual([1000])
    await hub.start()
  })

  test('what is not is an error that says so', async () => {
    const { endpoint } = hub
    await hub.stop()
    await expect(fetchIt()).rejects.toMatchObject(refused('IO', /cannot be reached.*check the network or HF_ENDPOINT/))
    expect(waits).toEqual([1000, 2000, 4000, 8000])
    await expect(fetchIt('hf-hub:timm/tiny', { offline: true, endpoint })).rejects.toMatchObject(
      refused('NOT_FOUND', /timm\/tiny@main is not whole in the cache.*HF_HUB_OFFLINE/),
    )
    await hub.start()
  })

  test('a snapshot that lacks a part of the weights is not whole', async () => {
    const model = await fetchIt()
    rmSync(join(model, 'model.safetensors'))
    await expect(fetchIt('hf-hub:timm/tiny', { offline: true })).rejects.toMatchObject(
      refused('NOT_FOUND', /not whole/),
    )
    await fetchIt()
    expect(gets().filter((request) => request.startsWith('GET /storage'))).toHaveLength(1)
    expect(isSame(join(model, 'model.safetensors'), weights)).toBe(true)
  })
})

describe('interrupted', () => {
  const partial = (): string => inCache('blobs', `${sha256(weights)}.incomplete`)

  test('a connection that breaks is taken up where it broke', async () => {
    hub.faults.push({ on: /^GET \/storage/, breakAfter: 100_000 }, { on: /^GET \/storage/, breakAfter: 50_000 })
    const model = await fetchIt()
    expect(isSame(join(model, 'model.safetensors'), weights)).toBe(true)
    const ranges = hub.seen.filter(({ url }) => url.startsWith('/storage')).map(({ headers }) => headers.range)
    expect(ranges.slice(-3)).toEqual([undefined, 'bytes=100000-', 'bytes=150000-'])
    expect(existsSync(partial())).toBe(false)
  })

  test('a download that was stopped goes on, also in another process', async () => {
    const stopped = new AbortController()
    const halfway = ({ done }: HubProgress): void => void (done > 0 && stopped.abort('enough'))
    hub.faults.push({ on: /^GET \/storage/, breakAfter: 120_000 })
    await expect(fetchIt('hf-hub:timm/tiny', { signal: stopped.signal, onProgress: halfway })).rejects.toMatchObject(
      refused('ABORTED', /cancelled/),
    )
    const left = read(partial())
    expect(left.length).toBeGreaterThan(0)
    expect(isSame(partial(), weights.subarray(0, left.length))).toBe(true)
    expect(existsSync(inCache('snapshots', commits.first, 'model.safetensors'))).toBe(false)
    const events: number[] = []
    const model = await fetchIt('hf-hub:timm/tiny', { onProgress: ({ done }) => events.push(done) })
    expect(events[0]).toBe(left.length)
    expect(hub.seen.at(-1)!.headers.range).toBe(`bytes=${left.length}-`)
    expect(isSame(join(model, 'model.safetensors'), weights)).toBe(true)
  })

  test('a server that sends the whole file instead of the rest, or has no more', async () => {
    await mkdir(inCache('blobs'), { recursive: true })
    writeFileSync(partial(), weights.subarray(0, 1000))
    hub.faults.push({ on: /^GET \/storage/, whole: true })
    expect(isSame(join(await fetchIt(), 'model.safetensors'), weights)).toBe(true)
    rmSync(join(folder, 'hub'), { recursive: true })
    await mkdir(inCache('blobs'), { recursive: true })
    writeFileSync(partial(), new Uint8Array(400_000))
    expect(isSame(join(await fetchIt(), 'model.safetensors'), weights)).toBe(true)
  })

  test('what was left and is wrong is thrown away, and fetched once more', async () => {
    await mkdir(inCache('blobs'), { recursive: true })
    writeFileSync(
      partial(),
      weights.subarray(0, 1000).map((byte) => byte ^ 1),
    )
    expect(isSame(join(await fetchIt(), 'model.safetensors'), weights)).toBe(true)
    expect(gets().filter((request) => request.startsWith('GET /storage'))).toHaveLength(2)
  })

  test('a server that never gets on is given up', async () => {
    for (let i = 0; i < 9; i++) hub.faults.push({ on: /^GET \/storage/, breakAfter: 0 })
    await expect(fetchIt()).rejects.toMatchObject(
      refused('IO', /broke off at byte 0 of 300000 of model\.safetensors .*run it again/),
    )
  })
})

test('wrong bytes are refused and not kept', async () => {
  hub.faults.push({ on: /^GET \/storage/, damage: true })
  await expect(fetchIt()).rejects.toMatchObject(
    refused('INVALID_DATA', /model\.safetensors.*another checksum.*try again/),
  )
  hub.faults.push({ on: /^GET \/api\/resolve-cache/, damage: true })
  rmSync(join(folder, 'hub'), { recursive: true })
  await expect(fetchIt()).rejects.toMatchObject(refused('INVALID_DATA', /config\.json.*another checksum/))
  expect(existsSync(inCache('blobs', gitId(config)))).toBe(false)
  expect(await fetchIt()).toBe(inCache('snapshots', commits.first))
})

test('rate limits and failures of the server are waited out', async () => {
  hub.faults.push(
    { on: /^HEAD .*config/, status: 429, headers: { 'retry-after': '7' } },
    { on: /^HEAD .*config/, status: 429, headers: { ratelimit: '"resolvers";r=0;t=9' } },
    { on: /^HEAD .*safetensors/, status: 503 },
    { on: /^GET \/storage/, status: 500 },
  )
  expect(await fetchIt()).toBe(inCache('snapshots', commits.first))
  expect(waits).toEqual([7000, 9000, 1000, 1000])
  for (let i = 0; i < 5; i++) hub.faults.push({ on: /^HEAD/, status: 429 })
  rmSync(join(folder, 'hub'), { recursive: true })
  await expect(fetchIt()).rejects.toMatchObject(refused('IO', /too many requests \(429\): wait, or set HF_TOKEN/))
  for (let i = 0; i < 5; i++) hub.faults.push({ on: /^HEAD/, status: 502 })
  await expect(fetchIt()).rejects.toMatchObject(refused('IO', /answers 502, also after 5 tries/))
})

describe('what is not there is named', () => {
  const without = (name: string): void => void delete hub.repos['timm/tiny']!.commits[commits.first]![name]

  test.each([
    ['a repository', 'hf-hub:timm/none', 'NOT_FOUND', /no model timm\/none on .*HF_TOKEN if it is private/],
    ['a revision', 'hf-hub:timm/tiny@v9', 'NOT_FOUND', /timm\/tiny has no revision 'v9'/],
  ])('%s', async (_, reference, code, message) => {
    await expect(fetchIt(reference)).rejects.toMatchObject(refused(code, message))
  })

  test('the config or the weights', async () => {
    without('model.safetensors')
    await expect(fetchIt()).rejects.toMatchObject(
      refused('NOT_FOUND', /no weights .*model\.safetensors.*pytorch_model\.bin/),
    )
    without('config.json')
    rmSync(join(folder, 'hub'), { recursive: true })
    await expect(fetchIt()).rejects.toMatchObject(refused('NOT_FOUND', /has no config\.json/))
  })

  test('an architecture that is not read, before its weights are fetched', async () => {
    const files = hub.repos['timm/tiny']!.commits[commits.first]!
    files['config.json'] = text({ ...JSON.parse(new TextDecoder().decode(config)), architecture: 'swin_tiny' })
    await expect(fetchIt()).rejects.toMatchObject(refused('UNSUPPORTED', /'swin_tiny'/))
    expect(hub.requests.some((request) => request.includes('safetensors'))).toBe(false)
  })

  test('a gated model says what to do, with and without a token', async () => {
    hub.repos['timm/tiny']!.gated = true
    await expect(fetchIt()).rejects.toMatchObject(
      refused(
        'IO',
        /timm\/tiny is gated: accept its conditions at http.*\/timm\/tiny with an account, and set HF_TOKEN/,
      ),
    )
    process.env.HF_TOKEN = 'hf_stranger'
    await expect(fetchIt()).rejects.toMatchObject(refused('IO', /gated.*the account of your HF_TOKEN/))
    process.env.HF_TOKEN = 'hf_member'
    expect(await fetchIt()).toBe(inCache('snapshots', commits.first))
  })
})

test('the token goes to the hub and not to the storage it sends on to', async () => {
  writeFileSync(join(folder, 'token'), 'hf_stored\n')
  await fetchIt()
  const tokens = (path: RegExp): unknown[] => [
    ...new Set(hub.seen.filter(({ url }) => path.test(url)).map(({ headers }) => headers.authorization)),
  ]
  expect(tokens(/resolve\//)).toEqual(['Bearer hf_stored'])
  expect(tokens(/^\/storage/)).toEqual([undefined])
})

test("a mirror without the hub's headers is asked for the commit", async () => {
  hub.bare = true
  expect(await fetchIt()).toBe(inCache('snapshots', commits.first))
  expect(hub.requests).toContain('GET /api/models/timm/tiny/revision/main')
})

describe('weights under other names', () => {
  const files = (): Record<string, Uint8Array> => hub.repos['timm/tiny']!.commits[commits.first]!

  test('several files by an index, all of which must be there', async () => {
    delete files()['model.safetensors']
    const parts = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'] as const
    files()['model.safetensors.index.json'] = text({ weight_map: { a: parts[0], b: parts[1], c: parts[0] } })
    files()[parts[0]] = weights.subarray(0, 1000)
    await expect(fetchIt()).rejects.toMatchObject(refused('NOT_FOUND', /has no model-00002-of-00002\.safetensors/))
    files()[parts[1]] = weights.subarray(1000)
    const events: HubProgress[] = []
    const model = await fetchIt('hf-hub:timm/tiny', { onProgress: (event) => events.push(event) })
    for (const part of parts) expect(isSame(join(model, part), files()[part])).toBe(true)
    expect(events.at(-1)).toMatchObject({ file: parts[1], done: weights.length, total: weights.length })
    rmSync(join(model, parts[1]))
    await expect(fetchIt('hf-hub:timm/tiny', { offline: true })).rejects.toMatchObject(
      refused('NOT_FOUND', /not whole/),
    )
  })

  test('pytorch_model.bin where there are no safetensors', async () => {
    files()['pytorch_model.bin'] = files()['model.safetensors']!
    delete files()['model.safetensors']
    expect(isSame(join(await fetchIt(), 'pytorch_model.bin'), weights)).toBe(true)
  })

  test.each(['../../../../stolen.safetensors', '/etc/passwd', 'C:\\x.safetensors', 'a\0.safetensors', '..%2Fx.bin', 7])(
    'an index cannot name %j',
    async (part) => {
      delete files()['model.safetensors']
      files()['model.safetensors.index.json'] = text({ weight_map: { w: part } })
      await expect(fetchIt()).rejects.toMatchObject(refused('INVALID_DATA', /weight_map places 'w' in /))
    },
  )
})

describe('names stay in the cache', () => {
  test.each([
    'hf-hub:../x',
    'hf-hub:a/../b',
    'hf-hub:/etc/passwd',
    'hf-hub:a/b/c',
    'hf-hub:a--b/c',
    'hf-hub:a/b.',
    'hf-hub:a\0/b',
    'hf-hub:',
    'hf-hub:a/b@../../x',
    'hf-hub:a/b@/x',
    'hf-hub:a/b@x..y',
    'hf-hub:a/b@.git/x',
    'hf-hub:a/b@x\\y',
    'hf-hub:a/b@x\0',
    'hf-hub:a/b@%2e%2e',
    'hf-hub:a/b@',
    'hf-hub:a/b@x@y',
  ])('%j is refused', async (reference) => {
    await expect(fetchIt(reference)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(hub.requests).toEqual([])
  })

  test.each([
    ['x-linked-etag', '"../../../../stolen"'],
    ['x-linked-etag', '"a/b"'],
    ['x-linked-size', '-5'],
    ['x-repo-commit', '../../x'],
  ])('an answer with %s %s is refused', async (header, value) => {
    const good = { 'x-linked-etag': '"abc"', 'x-linked-size': '5', 'x-repo-commit': commits.first }
    hub.faults.push({ on: /^HEAD/, status: 200, headers: { ...good, [header]: value } })
    await expect(fetchIt()).rejects.toMatchObject(refused('IO', /does not answer as a hub/))
  })

  test('a link in the cache that leads out of it is not followed', async () => {
    const model = await fetchIt()
    const outside = join(folder, 'outside')
    writeFileSync(outside, 'secret')
    rmSync(join(model, 'model.safetensors'))
    symlinkSync(outside, join(model, 'model.safetensors'))
    await expect(fetchIt('hf-hub:timm/tiny', { offline: true })).rejects.toMatchObject(
      refused('INVALID_DATA', /model\.safetensors leads out of the cache/),
    )
  })
})

test('two at once both get it', async () => {
  const [one, other] = await Promise.all([fetchIt(), fetchIt()])
  expect(one).toBe(other)
  expect(isSame(join(one, 'model.safetensors'), weights)).toBe(true)
  expect(readdirSync(inCache('blobs')).sort()).toEqual([gitId(config), sha256(weights)].sort())
})

test('a partial file that is a link is not written through', async () => {
  const outside = join(folder, 'outside')
  writeFileSync(outside, '')
  await mkdir(inCache('blobs'), { recursive: true })
  symlinkSync(outside, inCache('blobs', `${sha256(weights)}.incomplete`))
  await expect(fetchIt()).rejects.toMatchObject(refused('IO', /cannot write to the cache/))
  expect(readFileSync(outside, 'utf8')).toBe('')
})

test('sizes are looked at first: of the disk, and of what is read as a whole', async () => {
  const stating = (on: RegExp, size: number, status = 200): void => {
    const headers = { 'x-linked-etag': '"abc"', 'x-linked-size': String(size), 'x-repo-commit': commits.first }
    hub.faults.push({ on, status, headers })
  }
  stating(/^HEAD .*model\.safetensors/, 2 ** 52)
  await expect(fetchIt()).rejects.toMatchObject(refused('IO', /weights take 4503599628 MB, the disk .*set HF_HOME/))
  expect(hub.requests.some((request) => request.startsWith('GET /storage'))).toBe(false)
  rmSync(join(folder, 'hub'), { recursive: true })
  stating(/^HEAD .*config\.json/, 25_000_001)
  await expect(fetchIt()).rejects.toMatchObject(
    refused('INVALID_DATA', /config\.json of timm\/tiny takes 25000001 bytes/),
  )
})

test('a cache that cannot be written to is one error', async () => {
  await mkdir(dirname(inCache()), { recursive: true })
  writeFileSync(inCache(), 'a file where a folder is needed')
  await expect(fetchIt()).rejects.toMatchObject(refused('IO', /cannot write to the cache .*set HF_HOME/))
})

test.each([
  ['ENOSPC', /the disk is full.*set HF_HOME/],
  ['EROFS', /read-only.*set HF_HOME/],
])('%s of the disk', async (code, message) => {
  const failing = onDisk('/cache', () => Promise.reject(Object.assign(new Error('read-only file system'), { code })))
  await expect(failing).rejects.toMatchObject(refused('IO', message))
  // what is no failure of the disk is a bug, and stays what it is
  await expect(onDisk('/cache', () => Promise.reject(new RangeError('x')))).rejects.toThrow(RangeError)
})
