// Documents that are read in a worker thread: the same as read here, without the loop standing still.
import { createEnvoyTypes } from '@fleetcast/shared/envoy/types'
import { systemClock } from '@fleetcast/shared/runtime/clock'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type DocumentText, readFleetDocument } from '../fleets/document.ts'
import { createDocuments } from './documents.ts'
import { createReaderThread, type ReaderThread } from './reader-thread.ts'

const types = createEnvoyTypes()
const KEY = 'clusters.yaml'
const clusters = (count: number): string =>
  Array.from({ length: count }, (_, i) => `- { name: c${i}, connect_timeout: 1s, type: STRICT_DNS }\n`).join('')
const large = clusters(4_000)

let stopping: AbortController
let thread: ReaderThread
beforeEach(() => {
  stopping = new AbortController()
  thread = createReaderThread({ clock: systemClock, signal: stopping.signal })
})
afterEach(() => stopping.abort())

it('a large text is pending until it was prepared, and then the same as read here', async () => {
  const documents = createDocuments({ types, thread })
  expect(documents.isPending({ key: KEY, text: large })).toBe(true)
  await documents.prepare([{ key: KEY, text: large }])
  expect(documents.isPending({ key: KEY, text: large })).toBe(false)
  expect(documents.read(KEY, large)).toEqual(readFleetDocument(types, KEY, large))
})

it('the loop goes on while a large text is read', async () => {
  const documents = createDocuments({ types, thread })
  let turns = 0
  const count = (): void => {
    turns++
    next = setImmediate(count)
  }
  let next = setImmediate(count)
  await documents.prepare([{ key: KEY, text: large }])
  clearImmediate(next)
  // Reading it here would take no turn at all.
  expect(turns).toBeGreaterThan(10)
})

it('a text is read once', () => {
  const documents = createDocuments({ types, thread })
  const text = clusters(1)
  expect(documents.read(KEY, text)).toBe(documents.read(KEY, text))
  expect(documents.read('other.yaml', text)).not.toBe(documents.read(KEY, text))
})

it('only so much is remembered', async () => {
  const documents = createDocuments({ types, thread, largeChars: 10, keptChars: 120 })
  const [a, b] = [clusters(1), `${clusters(1)}# another`].map((text) => ({ key: KEY, text })) as [
    DocumentText,
    DocumentText,
  ]
  await documents.prepare([a])
  await documents.prepare([b])
  expect([a, b].map(documents.isPending)).toEqual([true, false])
})

it('without a thread it is read here', async () => {
  const none: ReaderThread = { read: () => Promise.reject(new Error('no thread')) }
  const documents = createDocuments({ types, thread: none, largeChars: 10 })
  const text = clusters(1)
  await documents.prepare([{ key: KEY, text }])
  expect(documents.read(KEY, text).resources.map(({ name }) => name)).toEqual(['c0'])
})

it('a thread that is ended fails what waits for it, and another is started for the next', async () => {
  const reading = thread.read(KEY, large)
  stopping.abort()
  await expect(reading).rejects.toThrow('stopping')
  const next = createReaderThread({ clock: systemClock, signal: new AbortController().signal, idleMs: 1 })
  expect((await next.read(KEY, clusters(1))).resources).toHaveLength(1)
  expect((await next.read(KEY, clusters(2))).resources).toHaveLength(2)
})
