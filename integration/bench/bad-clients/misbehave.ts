// A bad client in a process of its own: node misbehave.ts NAME SERVER, until its parent lets go of it.
import { GOOD, MISBEHAVIOURS } from './misbehaviours.ts'

const [name, server = ''] = process.argv.slice(2)
const found = [GOOD, ...MISBEHAVIOURS].find((one) => one.name === name)
if (found === undefined) throw new Error(`no such bad client: ${name}`)
const stop = new AbortController()
process.on('message', () => stop.abort())
process.on('disconnect', () => process.exit(0))
await found.run(server, stop.signal)
process.exit(0)
