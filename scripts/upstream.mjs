// A small upstream service for `npm start`: answers with its name.
import { createServer } from 'node:http'

const [name = 'upstream', port = '0'] = process.argv.slice(2)
const server = createServer((request, response) => response.end(`${name} answers ${request.url}\n`))
server.listen(Number(port), '127.0.0.1')
process.on('SIGTERM', () => process.exit(0))
