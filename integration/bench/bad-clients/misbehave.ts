// A bad client in a process of its own: node misbehave.ts NAME SERVER, until its parent lets go of it. It has only what the server
// and the good client leave of the machine that they share: what its own work costs them is no fault of the server's.
import { constants, setPriority } from 'node:os'
import { GOOD, MISBEHAVIOURS } from './misbehaviours.ts'

const [name, server = ''] = process.argv.slice(2)
const found = [GOOD, ...MISBEHAVIOURS].find((one) => one.name === name)
if (found === undefined) throw new Error(`no such bad client: ${name}`)
setPriority(constants.priority.PRIORITY_LOW)
const stop = new AbortController()
process.on('message', () => stop.abort())
process.on('disconnect', () => process.exit(0))
await found.run(server, stop.signal)
process.exit(0)
