// One server for all addresses of a namespace: answers with the address it was reached at.
import { createServer } from 'node:http'

createServer((request, response) => {
  response.setHeader('x-upstream', request.socket.localAddress)
  response.end(`${request.socket.localAddress}\n`)
}).listen(Number(process.env.PORT ?? 8080), '0.0.0.0')
