// Work that waits for no job: the publisher that committed a set last begins as soon as it hears of an event. Jobs remain
// what makes sure: an event is settled only once its sets are committed or a job was rung for them. Several publishers
// may still meet on a set; the commit's compare-and-swap decides.
import { type Clock, pause } from '@fleetcast/shared/runtime/clock'
import type { SetName } from '@fleetcast/shared/store/set-store'

export interface PromptWork {
  /** Begins on those of the sets that this publisher committed last; what comes meanwhile is merged into one more run. */
  begin(sets: Iterable<SetName>): void
  /** Waits a moment for the sets to be committed, here or elsewhere; returns those that need a job. */
  unfinished(sets: readonly SetName[], isCommitted: (set: SetName) => boolean): Promise<readonly SetName[]>
  /** True while nothing runs. */
  isIdle(): boolean
}

export interface PromptWorkOptions {
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly work: (set: SetName) => Promise<void>
  /** True while the set's last commit was this publisher's. */
  readonly isHeld: (set: SetName) => boolean
  /** Work failed: a job has it tried again. */
  readonly ring: (set: SetName) => void
}

/** Another publisher that holds a set has committed within this time, or a job is rung that may find nothing to do. */
const OTHERS_MS = 20
const LOOK_MS = 2

interface Running {
  isAskedAgain: boolean
  readonly done: Promise<void>
}

export function createPromptWork({ clock, signal, work, isHeld, ring }: PromptWorkOptions): PromptWork {
  const running = new Map<SetName, Running>()

  async function run(set: SetName): Promise<void> {
    try {
      for (let isAsked = true; isAsked && !signal.aborted; ) {
        await work(set)
        const state = running.get(set)
        isAsked = state?.isAskedAgain === true
        if (state) state.isAskedAgain = false
      }
    } catch {
      if (!signal.aborted) ring(set)
    } finally {
      running.delete(set)
    }
  }
  async function isUnfinished(set: SetName, isCommitted: (set: SetName) => boolean): Promise<boolean> {
    await running.get(set)?.done
    if (isCommitted(set)) return false
    // What is held was tried just now: nobody else will.
    if (isHeld(set)) return true
    const until = clock.now() + OTHERS_MS
    while (clock.now() < until && !signal.aborted) {
      await pause(clock, LOOK_MS, signal)
      if (isCommitted(set)) return false
    }
    return true
  }

  return {
    isIdle: () => running.size === 0,
    begin(sets) {
      for (const set of sets) {
        const state = running.get(set)
        if (state) state.isAskedAgain = true
        else if (isHeld(set)) {
          // In a turn of its own: of several events that came together the first must not run alone.
          const done = Promise.resolve().then(() => run(set))
          running.set(set, { isAskedAgain: false, done })
        }
      }
    },
    async unfinished(sets, isCommitted) {
      const all = await Promise.all(sets.map((set) => isUnfinished(set, isCommitted)))
      return sets.filter((_, i) => all[i])
    },
  }
}
