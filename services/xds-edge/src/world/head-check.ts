// Rule 3: before the first answer on a stream, a read of the store that began after the stream opened says whether this
// edge is behind. One read serves all streams that wait for it. A store that does not answer holds nobody up.
import type { Clock } from '@fleetcast/shared/runtime/clock'
import { DIRECTORY } from '@fleetcast/shared/store/directory'
import type { SetName, SetStore } from '@fleetcast/shared/store/set-store'
import type { Standing } from './world.ts'

export interface HeadCheck {
  /** Calls back once, when the fleet's sets are as new as the store's were after this call, or the store did not say. */
  confirm(fleet: string, done: () => void): void
  /** Call after the sets in use changed: who waited for them may go on. */
  advanced(): void
}

export interface HeadCheckOptions {
  readonly store: Pick<SetStore, 'heads'>
  readonly clock: Clock
  readonly setsOf: (fleet: string) => readonly SetName[]
  readonly standing: (set: SetName) => Standing | undefined
  /** How long the store may take to answer. */
  readonly answerMs?: number
  /** How long the edge may take to catch up with what it answered. */
  readonly catchUpMs?: number
}

interface Waiting {
  readonly fleet: string
  readonly done: () => void
}
interface Behind extends Waiting {
  readonly needs: ReadonlyMap<SetName, Standing>
}

export function createHeadCheck(options: HeadCheckOptions): HeadCheck {
  const { store, clock, setsOf, standing, answerMs = 200, catchUpMs = 5000 } = options
  /** Streams that opened after the read under way began. */
  let next: Waiting[] = []
  let isReading = false
  /** A read begins when this turn of the event loop is over: streams that open in one turn share it. */
  let isDue = false
  const behind = new Set<Behind>()

  const readNext = (): void => {
    isDue = false
    if (next.length === 0) return
    const waiting = next
    next = []
    isReading = true
    let isOver = false
    /** Undefined: no answer. Later answers than the first outcome count for nothing. */
    const over = (heads: ReadonlyMap<SetName, Standing> | undefined): void => {
      if (isOver) return
      isOver = true
      cancel()
      isReading = false
      // A storm waits for few fleets with many streams.
      const needs = new Map([...fleets].map((fleet) => [fleet, needsOf(fleet, heads)]))
      for (const one of waiting) settle(one, needs.get(one.fleet))
      readNext()
    }
    const cancel = clock.after(answerMs, () => over(undefined))
    const fleets = new Set(waiting.map(({ fleet }) => fleet))
    // The directory too: by an old one the node may get a fleet that it has left.
    const sets = new Set([DIRECTORY, ...[...fleets].flatMap((fleet) => [...setsOf(fleet)])])
    store.heads([...sets]).then(over, () => over(undefined))
  }
  /** The revisions that the fleet's sets have in the store and not yet here. */
  const needsOf = (
    fleet: string,
    heads: ReadonlyMap<SetName, Standing> | undefined,
  ): ReadonlyMap<SetName, Standing> | undefined => {
    const needs = new Map<SetName, Standing>()
    for (const set of [DIRECTORY, ...setsOf(fleet)]) {
      const head = heads?.get(set)
      // Another generation is taken as a whole, once it is sealed: until then what is here is the newest there is.
      const here = standing(set)
      if (head && head.generation === here?.generation && head.revision > here.revision) {
        needs.set(set, head)
      }
    }
    return needs.size === 0 ? undefined : needs
  }
  const settle = ({ fleet, done }: Waiting, needs: ReadonlyMap<SetName, Standing> | undefined): void => {
    if (needs === undefined) {
      done()
      return
    }
    const cancel = clock.after(catchUpMs, () => entry.done())
    const entry: Behind = {
      fleet,
      needs,
      done() {
        cancel()
        behind.delete(entry)
        done()
      },
    }
    behind.add(entry)
  }
  return {
    confirm(fleet, done) {
      next.push({ fleet, done })
      if (isReading || isDue) return
      isDue = true
      setImmediate(readNext)
    },
    advanced() {
      if (behind.size === 0) return
      for (const entry of [...behind]) {
        if ([...entry.needs].every(([set, needed]) => isThere(standing(set), needed))) entry.done()
      }
    },
  }
}

/** Another generation than the needed one was taken as a whole, and is the newest there is. */
const isThere = (here: Standing | undefined, needed: Standing): boolean =>
  here !== undefined && (here.generation !== needed.generation || here.revision >= needed.revision)
