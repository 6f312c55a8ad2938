import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { hubSettings } from './settings.js'

const nowhere = { HF_TOKEN_PATH: '/nowhere' }

test.each([
  [{}, join(homedir(), '.cache/huggingface/hub')],
  [{ XDG_CACHE_HOME: '/xdg' }, '/xdg/huggingface/hub'],
  [{ XDG_CACHE_HOME: '/xdg', HF_HOME: '~/hf' }, join(homedir(), 'hf/hub')],
  [{ HF_HOME: '/hf', HUGGINGFACE_HUB_CACHE: '/old' }, '/old'],
  [{ HF_HOME: '/hf', HUGGINGFACE_HUB_CACHE: '/old', HF_HUB_CACHE: '/cache' }, '/cache'],
])('cache of %j', async (env, cache) => {
  expect((await hubSettings({ ...nowhere, ...env })).cache).toBe(cache)
})

test('endpoint, offline and token', async () => {
  expect(await hubSettings(nowhere)).toMatchObject({ endpoint: 'https://huggingface.co', offline: false })
  expect(await hubSettings(nowhere)).not.toHaveProperty('token')
  const env = { HF_ENDPOINT: 'https://mirror.example/hf/', HF_HUB_OFFLINE: 'Yes', HF_TOKEN: ' hf_x\n' }
  expect(await hubSettings(env)).toMatchObject({ endpoint: 'https://mirror.example/hf', offline: true, token: 'hf_x' })
  const folder = mkdtempSync(join(tmpdir(), 'hub-'))
  try {
    writeFileSync(join(folder, 'token'), 'hf_stored\n')
    expect((await hubSettings({ HF_HOME: folder })).token).toBe('hf_stored')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test.each([
  [{ HF_ENDPOINT: 'mirror' }, /HF_ENDPOINT is 'mirror'/],
  [{ HF_ENDPOINT: 'file:///x' }, /HF_ENDPOINT/],
  [{ HF_TOKEN: 'a b' }, /HF_TOKEN holds characters/],
])('%j is refused', async (env, message) => {
  await expect(hubSettings({ ...nowhere, ...env })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringMatching(message),
  })
})
