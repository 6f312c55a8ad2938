import { TacoError } from '@tacojs/errors'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

export interface HubSettings {
  /** Where the hub or a mirror of it is, without a slash at the end. */
  readonly endpoint: string
  readonly token?: string | undefined
  /** Folder of the cache, which Python's huggingface_hub shares. */
  readonly cache: string
  /** Whether nothing may be asked of the network. */
  readonly offline: boolean
}

/**
 * What the environment says, by the variables and with the precedence of Python's huggingface_hub: HF_ENDPOINT; HF_TOKEN,
 * else the file that `hf auth login` writes (HF_TOKEN_PATH, `token` in HF_HOME); HF_HUB_CACHE, else `hub` in HF_HOME, else
 * in XDG_CACHE_HOME/huggingface; HF_HUB_OFFLINE.
 *
 * @throws INVALID_ARGUMENT for an endpoint or a token that cannot be one
 */
export async function hubSettings(env: Readonly<Record<string, string | undefined>>): Promise<HubSettings> {
  const read = (name: string): string | undefined => env[name]?.trim() || undefined
  const folder = (name: string): string | undefined => read(name)?.replace(/^~(?=$|[\\/])/, homedir())
  const home = folder('HF_HOME') ?? join(folder('XDG_CACHE_HOME') ?? join(homedir(), '.cache'), 'huggingface')
  const token = read('HF_TOKEN') ?? (await storedToken(folder('HF_TOKEN_PATH') ?? join(home, 'token')))
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token)) {
    throw new TacoError('INVALID_ARGUMENT', 'HF_TOKEN holds characters that no token has: copy it again from the hub')
  }
  return {
    endpoint: endpointOf(read('HF_ENDPOINT') ?? 'https://huggingface.co'),
    ...(token === undefined ? {} : { token }),
    cache: folder('HF_HUB_CACHE') ?? folder('HUGGINGFACE_HUB_CACHE') ?? join(home, 'hub'),
    offline: /^(1|on|yes|true)$/i.test(read('HF_HUB_OFFLINE') ?? ''),
  }
}

function endpointOf(stated: string): string {
  const url = URL.canParse(stated) ? new URL(stated) : undefined
  if (url && /^https?:$/.test(url.protocol) && !url.username && !url.search) return url.href.replace(/\/+$/, '')
  throw new TacoError(
    'INVALID_ARGUMENT',
    `HF_ENDPOINT is '${stated}', an address such as https://hub.example is needed`,
  )
}

const storedToken = async (path: string): Promise<string | undefined> =>
  (await readFile(path, 'utf8').catch(() => '')).trim() || undefined
