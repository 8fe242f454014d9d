// What the adapters use of Redis. Only open-redis.ts knows the client library behind it.

/** A Lua script. It names every key it touches in `KEYS`, all in one slot, so that it runs on a cluster. */
export interface RedisScript {
  readonly name: string
  readonly lua: string
}

export type RedisArgument = string | number | Uint8Array

/** One connection (on a cluster one to each node). */
export interface RedisConnection {
  /** Sends a command; texts of the reply are strings. Waits for Redis for as long as `waitMs` of the connection allows. */
  call(command: string, ...args: RedisArgument[]): Promise<unknown>
  /** The same, with Buffers in place of strings. */
  callBuffer(command: string, ...args: RedisArgument[]): Promise<unknown>
  run(script: RedisScript, keys: readonly string[], args: readonly RedisArgument[]): Promise<unknown>
  runBuffer(script: RedisScript, keys: readonly string[], args: readonly RedisArgument[]): Promise<unknown>
  subscribe(channels: readonly string[]): Promise<void>
  unsubscribe(channels: readonly string[]): Promise<void>
  onMessage(listener: (channel: string, message: Buffer) => void): void
  /** Calls after every (re)connect. Subscriptions are not restored by then: who listens subscribes again. */
  onReady(listener: () => void): void
  close(): void
}

/** `command`: answers or fails within seconds. `blocking`: for one blocking read at a time, never gives up. */
export type ConnectionKind = 'command' | 'blocking' | 'messages'

export interface RedisLink {
  readonly isCluster: boolean
  /** For commands that never block; shared by all adapters. */
  readonly commands: RedisConnection
  /** A connection of its own. Ended by its `close`, or with the link. */
  connect(kind: ConnectionKind): RedisConnection
  /** Resolves once Redis has answered; waits with back-off for as long as it takes. */
  ready(signal?: AbortSignal): Promise<void>
  /** Undefined while Redis answers and is fit for use, else what is missing, for /readyz. Never holds credentials. */
  health(): Promise<string | undefined>
  close(): Promise<void>
}
