// The documents of all fleets as they were read: each text once. A large one is read in a worker thread, so that the loop
// that everything else runs on never stands still for it.
import type { EnvoyTypes } from '@fleetcast/shared/envoy/types'
import { type DocumentText, type FleetDocument, type ReadFleetDocument, readFleetDocument } from '../fleets/document.ts'
import type { ReaderThread } from './reader-thread.ts'

export interface Documents {
  /** At once; of a large text that was not prepared, by reading it here. */
  readonly read: ReadFleetDocument
  /** True for a large text that was not prepared. */
  isPending(text: DocumentText): boolean
  /** Resolves once none of the texts is pending. */
  prepare(texts: readonly DocumentText[]): Promise<void>
}

export interface DocumentsOptions {
  readonly types: EnvoyTypes
  readonly thread: ReaderThread
  readonly largeChars?: number
  /** About so many characters of text are remembered. */
  readonly keptChars?: number
}

const LARGE_CHARS = 100_000
const KEPT_CHARS = 50_000_000

export function createDocuments(options: DocumentsOptions): Documents {
  const { types, thread, largeChars = LARGE_CHARS, keptChars = KEPT_CHARS } = options
  // The one that was not asked for longest comes first.
  const known = new Map<string, FleetDocument>()
  const reading = new Map<string, Promise<void>>()
  let chars = 0

  function keep(id: string, document: FleetDocument): FleetDocument {
    if (!known.has(id)) chars += id.length
    known.set(id, document)
    for (const old of known.keys()) {
      if (chars <= keptChars || old === id) break
      known.delete(old)
      chars -= old.length
    }
    return document
  }
  async function readThere(id: string, { key, text }: DocumentText): Promise<void> {
    try {
      keep(id, await thread.read(key, text))
    } catch {
      // A thread that can't be had, or ended: reading it here is slow, and better than not at all.
      keep(id, readFleetDocument(types, key, text))
    } finally {
      reading.delete(id)
    }
  }
  const isPending = ({ key, text }: DocumentText): boolean => text.length > largeChars && !known.has(idOf(key, text))

  return {
    isPending,
    read(key, text) {
      const id = idOf(key, text)
      const held = known.get(id)
      if (!held) return keep(id, readFleetDocument(types, key, text))
      known.delete(id)
      known.set(id, held)
      return held
    },
    async prepare(texts) {
      const pending = texts.filter(isPending)
      await Promise.all(
        pending.map((each) => {
          const id = idOf(each.key, each.text)
          const running = reading.get(id) ?? readThere(id, each)
          reading.set(id, running)
          return running
        }),
      )
    },
  }
}

/** What a text means depends on its key's name too. */
const idOf = (key: string, text: string): string => `${key}\n${text}`
