// What a folder's reader looks at next: paths that something happened to, or everything. Notices that come together are looked
// at together; nothing waits while nothing else is under way.
import type { Clock } from '@fleetcast/shared/runtime/clock'

export interface Agenda {
  look(path: string): void
  lookAtAll(): void
  /** Looks at the path, or at everything, after so long. */
  lookAfter(delayMs: number, path?: string): void
  /** Resolves once there is something to look at. */
  next(): Promise<{ readonly all: boolean; readonly paths: ReadonlySet<string> }>
  close(): void
}

export function createAgenda(clock: Clock): Agenda {
  let paths = new Set<string>()
  let all = false
  let wake: (() => void) | undefined
  const timers = new Map<string | undefined, () => void>()

  const look = (path: string): void => {
    paths.add(path)
    wake?.()
  }
  const lookAtAll = (): void => {
    all = true
    wake?.()
  }
  const waiting = (): boolean => all || paths.size > 0

  return {
    look,
    lookAtAll,
    lookAfter(delayMs, path) {
      timers.get(path)?.()
      const cancel = clock.after(delayMs, () => {
        timers.delete(path)
        if (path === undefined) lookAtAll()
        else look(path)
      })
      timers.set(path, cancel)
    },
    async next() {
      if (!waiting()) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
        wake = undefined
      }
      // A move is two notices, which the system hands over in one go: both are heard before the first is looked at.
      await new Promise((resolve) => setImmediate(resolve))
      const now = { all, paths }
      all = false
      paths = new Set()
      return now
    },
    close() {
      for (const cancel of timers.values()) cancel()
      timers.clear()
    },
  }
}
