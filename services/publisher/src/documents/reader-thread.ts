// A worker thread that reads documents. It is started for the first one and ended when none came for a while: it holds
// Envoy's types a second time.
import { Worker } from 'node:worker_threads'
import type { Clock } from '@fleetcast/shared/runtime/clock'
import type { FleetDocument } from '../fleets/document.ts'
import type { Question, Reply } from './read-in-thread.ts'

export interface ReaderThread {
  /** Fails where the thread can't be had, or ends before it answered. */
  read(key: string, text: string): Promise<FleetDocument>
}

export interface ReaderThreadOptions {
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly idleMs?: number
}

const IDLE_MS = 30_000
/** The program of the thread: beside this file, in TypeScript or compiled, as this file is. */
const PROGRAM = './read-in-thread'

export function createReaderThread({ clock, signal, idleMs = IDLE_MS }: ReaderThreadOptions): ReaderThread {
  const waiting = new Map<number, PromiseWithResolvers<FleetDocument>>()
  let worker: Worker | undefined
  let asked = 0
  let cancelIdle: (() => void) | undefined

  function end(error: Error): void {
    const ending = worker
    worker = undefined
    cancelIdle?.()
    for (const each of waiting.values()) each.reject(error)
    waiting.clear()
    void ending?.terminate()
  }
  function answered({ id, document, error }: Reply): void {
    const question = waiting.get(id)
    waiting.delete(id)
    if (document) question?.resolve(document)
    else question?.reject(new Error(error))
    if (waiting.size === 0) cancelIdle = clock.after(idleMs, () => end(new Error('idle')))
  }
  function start(): Worker {
    const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
    const started = new Worker(new URL(PROGRAM + extension, import.meta.url))
    started.on('message', answered)
    started.on('error', (error: Error) => worker === started && end(error))
    started.on('exit', () => worker === started && end(new Error('the thread ended')))
    // It must not keep a process alive that has nothing else to do.
    started.unref()
    return started
  }

  signal.addEventListener('abort', () => end(new Error('stopping')), { once: true })
  return {
    read(key, text) {
      if (signal.aborted) return Promise.reject(new Error('stopping'))
      cancelIdle?.()
      worker ??= start()
      const id = asked++
      const question = Promise.withResolvers<FleetDocument>()
      waiting.set(id, question)
      worker.postMessage({ id, key, text } satisfies Question)
      return question.promise
    },
  }
}
