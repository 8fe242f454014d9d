// Answers every request with who it is: an upstream that a test can tell apart. NAME and PORT come from the environment.
import { createServer } from 'node:http'
import { hostname, networkInterfaces } from 'node:os'

const name = process.env.NAME ?? hostname()
const port = Number(process.env.PORT ?? 8080)
const addresses = Object.values(networkInterfaces())
  .flat()
  .filter((a) => !a.internal && a.family === 'IPv4')
  .map((a) => a.address)
const server = createServer((request, response) => {
  response.setHeader('content-type', 'application/json')
  response.end(
    `${JSON.stringify({ name, addresses, method: request.method, url: request.url, host: request.headers.host })}\n`,
  )
})
server.listen(port, '0.0.0.0', () => console.log(`echo ${name} listening on ${port}`))
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => server.close(() => process.exit(0)))
