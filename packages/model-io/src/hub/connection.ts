import { TacoError, throwIfAborted } from '@tacojs/errors'
import { setTimeout as sleep } from 'node:timers/promises'
import type { HubReference } from './reference.js'
import type { HubSettings } from './settings.js'
import { Unreachable } from './unreachable.js'

/** What the hub says of a file before it is fetched. */
export interface RemoteFile {
  readonly name: string
  readonly url: string
  readonly commit: string
  /** Identifies the content: the SHA-256 of large files, git's object id of small ones. */
  readonly etag: string
  /** In bytes. */
  readonly size: number
}

export interface Connection extends HubReference {
  readonly endpoint: string
  /** A file of the repository at a revision; undefined where it has none of that name. */
  find(name: string, revision: string): Promise<RemoteFile | undefined>
  /** The bytes of a file from an offset on; the answer is 200 (from 0 after all), 206, or 416 (there are no more). */
  open(file: RemoteFile, offset: number): Promise<Response>
  /** Before a retry: waits longer each time, or as long as the server asked for. Rejects where the signal is raised. */
  pause(attempt: number, answer?: Response): Promise<void>
}

/** Times that something is tried before it is given up. */
export const ATTEMPTS = 5
/** Silence after which a connection is taken for dead, in milliseconds. */
export const SILENCE = 30_000
const LONGEST_PAUSE = 60_000

interface ConnectOptions {
  readonly signal?: AbortSignal
  /** Times that a request is tried. */
  readonly attempts?: number
  /** Waits so many milliseconds. */
  readonly wait?: (milliseconds: number, signal?: AbortSignal) => Promise<unknown>
}

const waitFor = (milliseconds: number, signal?: AbortSignal): Promise<unknown> =>
  sleep(milliseconds, undefined, { signal })

/** Requests to one repository, repeated where the failure may pass: rate limits, server errors, broken connections. */
export function connect(
  { endpoint, token }: HubSettings,
  reference: HubReference,
  { signal, attempts = ATTEMPTS, wait = waitFor }: ConnectOptions = {},
): Connection {
  const origin = new URL(endpoint).origin

  const pause = async (attempt: number, answer?: Response): Promise<void> => {
    throwIfAborted(signal)
    await wait(Math.min(askedFor(answer) ?? 1000 * 2 ** attempt, LONGEST_PAUSE), signal).catch(() => undefined)
    throwIfAborted(signal)
  }

  /** Throws Unreachable when all tries fail, ABORTED. Any other answer, of whatever status, is the caller's. */
  async function send(url: string, init: RequestInit): Promise<Response> {
    // fetch itself drops the token where it is led to another host
    const authorization: Record<string, string> =
      token !== undefined && new URL(url).origin === origin ? { authorization: `Bearer ${token}` } : {}
    // as it is stored: ranges and lengths are of the bytes that the checksum is of
    const headers = { 'accept-encoding': 'identity', ...authorization, ...init.headers }
    for (let attempt = 0; ; attempt++) {
      throwIfAborted(signal)
      const timeout = new AbortController()
      const timer = setTimeout(() => timeout.abort(new Error(`no answer within ${SILENCE / 1000} s`)), SILENCE)
      const either = signal ? AbortSignal.any([signal, timeout.signal]) : timeout.signal
      let failure: Unreachable
      let answer: Response | undefined
      try {
        answer = await fetch(url, { ...init, headers, signal: either })
        if (answer.status !== 408 && answer.status !== 429 && answer.status < 500) return answer
        await answer.body?.cancel()
        const told =
          answer.status === 429 ? 'has had too many requests (429): wait, or set HF_TOKEN' : `answers ${answer.status}`
        failure = new Unreachable(`${endpoint} ${told}, also after ${attempts} tries`)
      } catch (cause) {
        throwIfAborted(signal)
        failure = new Unreachable(
          `${endpoint} cannot be reached (${reasonOf(cause)}): check the network or HF_ENDPOINT`,
          {
            cause,
          },
        )
      } finally {
        clearTimeout(timer)
      }
      if (attempt + 1 >= attempts) throw failure
      await pause(attempt, answer)
    }
  }

  /** Asks for the headers, which a redirect to the storage carries and the storage itself does not. */
  async function head(url: string): Promise<{ answer: Response; header: (name: string) => string | undefined }> {
    const seen: Headers[] = []
    for (let at = url; ;) {
      const answer = await send(at, { method: 'HEAD', redirect: 'manual' })
      seen.unshift(answer.headers)
      const header = (name: string) => seen.map((h) => h.get(name)).find((v) => v !== null) ?? undefined
      const location = answer.status >= 300 && answer.status < 400 ? answer.headers.get('location') : null
      const next = location !== null && URL.canParse(location, at) ? new URL(location, at) : undefined
      if (next?.origin !== origin) return { answer, header }
      if (seen.length > 5) throw new TacoError('IO', `${endpoint} redirects ${url} in circles`)
      at = next.href
    }
  }

  async function commitOf(revision: string): Promise<string | undefined> {
    const answer = await send(`${endpoint}/api/models/${reference.repo}/revision/${encodeURIComponent(revision)}`, {})
    if (answer.status !== 200) throw refusal(answer, reference, endpoint, 'the revision', token !== undefined)
    const { sha } = ((await answer.json().catch(() => null)) ?? {}) as { sha?: unknown }
    return typeof sha === 'string' ? sha : undefined
  }

  return {
    ...reference,
    endpoint,
    pause,
    find: async (name, revision) => {
      const url = `${endpoint}/${reference.repo}/resolve/${encodeURIComponent(revision)}/${name}`
      const { answer, header } = await head(url)
      if (answer.status >= 400) {
        if (answer.status === 404 && header('x-error-code') === 'EntryNotFound') return undefined
        throw refusal(answer, reference, endpoint, name, token !== undefined)
      }
      const etag = (header('x-linked-etag') ?? header('etag'))?.replace(/^W\//, '').replace(/^"(.*)"$/, '$1')
      const size = Number(header('x-linked-size') ?? header('content-length') ?? NaN)
      // some mirrors pass on the file but not the hub's headers
      const commit = header('x-repo-commit') ?? (await commitOf(revision))
      // all three become names in the cache or lengths
      const isWhole =
        etag !== undefined && /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,200}$/.test(etag) && Number.isSafeInteger(size)
      if (!isWhole || size < 0 || commit === undefined || !/^[0-9a-f]{40}$/.test(commit)) {
        throw new TacoError('IO', `${endpoint} does not answer as a hub does about ${name}: check HF_ENDPOINT`)
      }
      return { name, url: `${endpoint}/${reference.repo}/resolve/${commit}/${name}`, commit, etag, size }
    },
    open: async (file, offset) => {
      const answer = await send(file.url, offset > 0 ? { headers: { range: `bytes=${offset}-` } } : {})
      if (answer.status === 200 || answer.status === 206 || answer.status === 416) return answer
      await answer.body?.cancel()
      throw refusal(answer, reference, endpoint, file.name, token !== undefined)
    },
  }
}

/** The wait that an answer asks for, in milliseconds: `Retry-After: 3`, or the hub's `RateLimit: "api";r=0;t=3`. */
function askedFor(answer: Response | undefined): number | undefined {
  const stated = answer?.headers.get('retry-after') ?? /;\s*t=(\d+)/.exec(answer?.headers.get('ratelimit') ?? '')?.[1]
  const seconds = Number(stated ?? NaN)
  return seconds >= 0 ? 1000 * seconds : undefined
}

/** fetch says "fetch failed" and keeps why in the cause. */
export function reasonOf(error: unknown): string {
  const { cause, message } = error as Error
  const { code, message: inner } = (cause ?? {}) as { code?: string; message?: string }
  return code ?? inner ?? message
}

/** What a refusal means, by the hub's error codes, and what can be done. */
function refusal(
  answer: Response,
  { repo, revision }: HubReference,
  endpoint: string,
  what: string,
  hasToken: boolean,
): TacoError {
  const code = answer.headers.get('x-error-code')
  const { status } = answer
  if (code === 'GatedRepo') {
    const then = hasToken ? 'the account of your HF_TOKEN' : 'an account, and set HF_TOKEN to a token of it'
    return new TacoError('IO', `${repo} is gated: accept its conditions at ${endpoint}/${repo} with ${then}`)
  }
  if (code === 'RevisionNotFound') {
    return new TacoError('NOT_FOUND', `${repo} has no revision '${revision}' on ${endpoint}: check the name after '@'`)
  }
  if (code === 'RepoNotFound' || status === 401 || (status === 404 && code === null)) {
    const then = hasToken ? 'or let the account of your HF_TOKEN read it' : 'or set HF_TOKEN if it is private'
    return new TacoError(
      'NOT_FOUND',
      `there is no model ${repo} on ${endpoint} that you may read: check the name, ${then}`,
    )
  }
  if (code === 'DisabledRepo') return new TacoError('IO', `${repo} has been disabled on ${endpoint}: use another model`)
  if (code === 'EntryNotFound') return new TacoError('NOT_FOUND', `${repo} has no ${what} on ${endpoint}`)
  if (status === 403) {
    return new TacoError('IO', `${endpoint} forbids reading ${repo} (403): check what your HF_TOKEN may read`)
  }
  return new TacoError('IO', `${endpoint} answers ${status} when asked for ${what} of ${repo}: try again later`)
}
