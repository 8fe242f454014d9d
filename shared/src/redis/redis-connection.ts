// One connection of the client library as the adapters see it. Nothing here retries or decides anything.
import { createHash } from 'node:crypto'
import { type Cluster, Command, type Redis } from 'ioredis'
import type { RedisArgument, RedisConnection, RedisScript } from './redis-link.ts'

export type RedisClient = Redis | Cluster

const shaOf = (lua: string): string => createHash('sha1').update(lua).digest('hex')
const toArgument = (value: RedisArgument): string | number | Buffer =>
  typeof value === 'object' ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value

/** A value of another type, or one that a script can't read. */
const GARBAGE = /^WRONGTYPE|user_script|Error running script/

/** Says which key holds what nobody here wrote there: the server's own words do not. */
function named(error: unknown, keys: readonly RedisArgument[]): unknown {
  if (!(error instanceof Error) || !GARBAGE.test(error.message)) return error
  return new Error(`${keys.join(', ')}: not what Fleetcast writes (${error.message})`, { cause: error })
}

/** The first argument, but for scripts and reads of streams. */
function keysOf(command: string, args: readonly RedisArgument[]): readonly RedisArgument[] {
  if (command === 'EVAL') return args.slice(2, 2 + Number(args[1]))
  const at = args.indexOf('STREAMS')
  return args.slice(at + 1, at + 2)
}

export function createConnection(client: RedisClient): RedisConnection {
  const shas = new Map<string, string>()
  // A client that is disconnected while it connects leaves its commands without an end.
  const pending = new Set<(error: Error) => void>()
  const send = (
    encoding: 'utf8' | null,
    command: string,
    args: readonly RedisArgument[],
    keys: readonly RedisArgument[] = keysOf(command, args),
  ): Promise<unknown> => {
    const made = new Command(command, args.map(toArgument), { replyEncoding: encoding })
    return new Promise((resolve, reject) => {
      pending.add(reject)
      Promise.resolve(client.sendCommand(made))
        .finally(() => pending.delete(reject))
        .then(resolve, (error: unknown) => reject(named(error, keys)))
    })
  }
  const run = async (
    encoding: 'utf8' | null,
    { lua }: RedisScript,
    keys: readonly string[],
    args: readonly RedisArgument[],
  ): Promise<unknown> => {
    const sha = shas.get(lua) ?? shaOf(lua)
    shas.set(lua, sha)
    try {
      return await send(encoding, 'evalsha', [sha, keys.length, ...keys, ...args], keys)
    } catch (error) {
      // A server that was restarted has forgotten the script.
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
      return send(encoding, 'eval', [lua, keys.length, ...keys, ...args], keys)
    }
  }
  return {
    call: (command, ...args) => send('utf8', command, args),
    callBuffer: (command, ...args) => send(null, command, args),
    run: (script, keys, args) => run('utf8', script, keys, args),
    runBuffer: (script, keys, args) => run(null, script, keys, args),
    async subscribe(channels) {
      for (const channel of channels) await client.ssubscribe(channel)
    },
    async unsubscribe(channels) {
      for (const channel of channels) await client.sunsubscribe(channel)
    },
    onMessage(listener) {
      client.on('smessageBuffer', (channel: Buffer, message: Buffer) => listener(channel.toString(), message))
    },
    onReady(listener) {
      client.on('ready', listener)
    },
    close() {
      client.disconnect()
      for (const reject of pending) reject(new Error('the connection was closed'))
      pending.clear()
    },
  }
}
