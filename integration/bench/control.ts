// The control contract of xdsload, as seen by who holds the world. Its address is served by a thread of its own, as the peers do
// it: reading HTTP is no part of a control plane.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { type Address, formatAddress } from '@fleetcast/shared/runtime/address'
import type { BenchChange, BenchSize } from './bench-world.ts'

export interface ControlDeps {
  /** Replaces the world; its thread waits until it is served. */
  readonly reset: (size: BenchSize) => void
  /** Takes a change that the world has room for. */
  readonly change: (change: BenchChange) => void
  /** The digest by type, or undefined where it is not known. */
  readonly digest: () => Promise<Readonly<Record<string, string>> | undefined>
  /** Gives memory back, so that resident sizes compare. */
  readonly collect: () => Promise<void>
}

/** What the thread asks for. `id`: it waits for the answer. Changes are told, in their order, and not answered. */
export type Question =
  | { readonly ask: 'change'; readonly change: BenchChange }
  | { readonly ask: 'reset'; readonly id: number; readonly size: BenchSize }
  | { readonly ask: 'digest' | 'collect'; readonly id: number }

export interface Answer {
  readonly id: number
  readonly value?: unknown
  readonly error?: string
}

export interface ControlThreadData {
  readonly control: Address
  /** host:port of the xDS server. */
  readonly listen: string
}

const PROGRAM = new URL('control-thread.ts', import.meta.url)

/** Resolves once the control address is open; rejects where it can't be. */
export async function openControl(
  control: Address,
  listen: Address,
  deps: ControlDeps,
): Promise<{ close(): Promise<void> }> {
  const workerData: ControlThreadData = { control, listen: formatAddress(listen) }
  const thread = new Worker(PROGRAM, { workerData })
  await once(thread, 'message')
  thread.on('message', (question: Question) => {
    if (question.ask === 'change') return deps.change(question.change)
    const { id } = question
    const reply = (answer: Omit<Answer, 'id'>): void => thread.postMessage({ id, ...answer } satisfies Answer)
    answerTo(question, deps).then(
      (value) => reply({ value }),
      (error: unknown) => reply({ error: String(error) }),
    )
  })
  return { close: async () => void (await thread.terminate()) }
}

async function answerTo(question: Exclude<Question, { ask: 'change' }>, deps: ControlDeps): Promise<unknown> {
  switch (question.ask) {
    case 'reset':
      return deps.reset(question.size)
    case 'digest':
      return deps.digest()
    case 'collect':
      return deps.collect()
  }
}
