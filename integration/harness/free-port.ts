// TCP ports that nobody listens on at the moment.
import { createServer } from 'node:net'

/** A port that was free on `host` a moment ago. Another process may take it before you do, which a test run may retry. */
export function freePort(host = '127.0.0.1'): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, host, () => {
      const address = server.address()
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      )
    })
  })
}
