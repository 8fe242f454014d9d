// A small service for compose.yaml: answers with its name.
import { createServer } from 'node:http'

const [name = 'upstream'] = process.argv.slice(2)
createServer((request, response) => response.end(`${name} answers ${request.url}\n`)).listen(8080, '0.0.0.0')
