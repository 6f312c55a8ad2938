import { createReadStream, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'

const types = { '.html': 'text/html', '.js': 'text/javascript', '.json': 'application/json' }

/** Serves the files of a folder on a free port of this machine, all with the same headers; gives the origin and a stop. */
export async function serve(folder, headers) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://127.0.0.1')
    const file = join(folder, normalize(pathname === '/' ? '/index.html' : pathname))
    if (!statSync(file, { throwIfNoEntry: false })?.isFile()) return void response.writeHead(404, headers).end()
    response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream', ...headers })
    createReadStream(file).pipe(response)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    stop() {
      server.closeAllConnections()
      server.close()
    },
  }
}
