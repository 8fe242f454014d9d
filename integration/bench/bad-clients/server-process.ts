// The measured server and the bad clients as processes, for whoever measures or tests.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { freePort } from '../../harness/free-port.ts'

export type Order =
  | { readonly kind: 'change'; readonly seq: number; readonly index: number }
  | { readonly kind: 'counts' | 'heldBytes' }

export interface Counts {
  readonly streams: number
  /** Sent since the start. */
  readonly responses: number
}

export interface ServerProcess extends AsyncDisposable {
  readonly pid: number
  readonly listen: string
  /** Adds an endpoint that names the number to a cluster. */
  change(seq: number, index: number): void
  counts(): Promise<Counts>
  /** Heap in use and external memory after a full collection. */
  heldBytes(): Promise<number>
  /** What it logged so far, a line each. */
  readonly logged: () => readonly string[]
}

export interface BadProcess extends AsyncDisposable {
  /** Says stop, and resolves when it has gone. */
  stop(): Promise<void>
}

export async function startServer(): Promise<ServerProcess> {
  const listen = `127.0.0.1:${await freePort()}`
  const child = start('measured-server.ts', [listen])
  let text = ''
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  const [first] = await Promise.race([once(child, 'message'), once(child, 'exit')])
  if (first !== 'ready') throw new Error(`the server ended: ${text}`)
  const ask = async (kind: 'counts' | 'heldBytes'): Promise<unknown> => {
    child.send({ kind } satisfies Order)
    const [found] = await once(child, 'message')
    return found
  }
  return {
    pid: child.pid ?? 0,
    listen,
    change: (seq, index) => void child.send({ kind: 'change', seq, index } satisfies Order),
    counts: () => ask('counts') as Promise<Counts>,
    heldBytes: () => ask('heldBytes') as Promise<number>,
    logged: () => text.split('\n').filter((line) => line !== ''),
    [Symbol.asyncDispose]: () => end(child),
  }
}

export function startBad(name: string, server: string): BadProcess {
  const child = start('misbehave.ts', [name, server])
  child.stderr?.pipe(process.stderr)
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null) return
    const exited = once(child, 'exit')
    child.send('stop')
    await exited
  }
  return { stop, [Symbol.asyncDispose]: () => end(child) }
}

const start = (file: string, args: readonly string[]): ChildProcess =>
  fork(new URL(file, import.meta.url), args, { stdio: ['ignore', 'inherit', 'pipe', 'ipc'] })

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}
