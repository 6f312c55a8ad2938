import { createHash } from 'node:crypto'
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'

interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
}

/** A repository: what each commit holds, and where branches and tags stand. */
export interface FakeRepo {
  readonly refs: Record<string, string>
  readonly commits: Record<string, Record<string, Uint8Array>>
  gated?: boolean
}

/** An answer that comes instead of the right one, once. */
export interface Fault {
  readonly on: RegExp
  readonly status?: number
  readonly headers?: Record<string, string>
  /** Sends so many bytes and drops the connection. */
  readonly breakAfter?: number
  /** Sends other bytes of the same length. */
  readonly damage?: boolean
  /** Ignores the range that is asked for. */
  readonly whole?: boolean
}

/**
 * A server that speaks the routes of the Hugging Face hub that downloads use, as its documentation and answers have them:
 * HEAD and GET of /<repo>/resolve/<revision>/<file> with X-Repo-Commit, ETag, X-Linked-Etag and X-Linked-Size, a redirect
 * to a storage on another origin for large files and to a path of its own for small ones, X-Error-Code with errors.
 */
export class FakeHub {
  readonly repos: Record<string, FakeRepo> = {}
  readonly seen: Seen[] = []
  readonly faults: Fault[] = []
  /** Leaves out the hub's own headers, as some mirrors do. */
  bare = false
  #hub!: Server
  #storage!: Server

  async start(): Promise<this> {
    this.#hub = await listen((request, response) => this.#answer(request, response))
    this.#storage = await listen((request, response) => this.#answer(request, response))
    return this
  }

  get endpoint(): string {
    return addressOf(this.#hub)
  }

  async stop(): Promise<void> {
    for (const server of [this.#hub, this.#storage]) {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }

  /** What was asked for, by method and path. */
  get requests(): string[] {
    return this.seen.map(({ method, url }) => `${method} ${url}`)
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { method = '', url = '', headers } = request
    this.seen.push({ method, url, headers })
    const index = this.faults.findIndex(({ on }) => on.test(`${method} ${url}`))
    const fault = index < 0 ? undefined : this.faults.splice(index, 1)[0]
    const fail = (status: number, code?: string): void => {
      response.writeHead(status, code ? { 'x-error-code': code } : {}).end()
    }
    if (fault?.status) return void response.writeHead(fault.status, fault.headers).end()
    const stored = /^\/(?:storage|api\/resolve-cache\/(\w+))\/(\w+)$/.exec(url)
    if (stored) {
      const [, commit, etag = ''] = stored
      const own: Record<string, string> = commit && !this.bare ? { etag: `"${etag}"`, 'x-repo-commit': commit } : {}
      return this.#send(response, this.#content(etag), headers.range, method, own, fault)
    }
    const api = /^\/api\/models\/(.+)\/revision\/(.+)$/.exec(url)
    const [, name = '', revision = '', file = ''] =
      api ?? /^\/([^/]+(?:\/[^/]+)?)\/resolve\/([^/]+)\/(.+)$/.exec(url) ?? []
    const repo = this.repos[name]
    if (!repo) return fail(401, 'RepoNotFound')
    if (repo.gated && headers.authorization !== 'Bearer hf_member') {
      return fail(headers.authorization ? 403 : 401, 'GatedRepo')
    }
    const asked = decodeURIComponent(revision)
    const commit = repo.refs[asked] ?? (repo.commits[asked] ? asked : undefined)
    if (!commit) return fail(404, 'RevisionNotFound')
    if (api) return void response.writeHead(200).end(JSON.stringify({ id: name, sha: commit }))
    const content = repo.commits[commit]![file]
    if (!content) return fail(404, 'EntryNotFound')
    const isLarge = /\.(safetensors|bin)$/.test(file)
    const etag = isLarge ? sha256(content) : gitId(content)
    const path = isLarge ? `storage/${etag}` : `api/resolve-cache/${commit}/${etag}`
    response
      .writeHead(isLarge ? 302 : 307, {
        location: isLarge ? `${addressOf(this.#storage)}/${path}` : `/${path}`,
        'x-linked-etag': `"${etag}"`,
        'x-linked-size': content.length,
        ...(this.bare ? {} : { 'x-repo-commit': commit }),
      })
      .end()
  }

  #content(etag: string): Uint8Array | undefined {
    const all = Object.values(this.repos).flatMap(({ commits }) =>
      Object.values(commits).flatMap((c) => Object.values(c)),
    )
    return all.find((content) => sha256(content) === etag || gitId(content) === etag)
  }

  #send(
    response: ServerResponse,
    content: Uint8Array | undefined,
    range: string | undefined,
    method: string,
    own: Record<string, string>,
    fault: Fault | undefined,
  ): void {
    if (!content) return void response.writeHead(404).end()
    const from = fault?.whole ? 0 : Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0)
    if (from >= content.length && from > 0) return void response.writeHead(416).end()
    let body = content.subarray(from)
    if (fault?.damage) body = body.map((byte) => byte ^ 1)
    response.writeHead(from > 0 ? 206 : 200, {
      'content-length': body.length,
      etag: '"of the storage itself"',
      ...own,
      ...(from > 0 ? { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` } : {}),
    })
    if (method === 'HEAD') return void response.end()
    if (fault?.breakAfter === undefined) return void response.end(body)
    response.write(body.subarray(0, fault.breakAfter), () => setTimeout(() => response.destroy(), 20))
  }
}

const listen = async (handler: (request: IncomingMessage, response: ServerResponse) => void): Promise<Server> => {
  const server = createServer(handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

const addressOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`

export const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex')

/** As `git hash-object` has it. */
export const gitId = (content: Uint8Array): string =>
  createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex')
