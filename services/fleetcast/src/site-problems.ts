// Puts what a watcher found wrong where operators see it: beside the sets, under the site's name.
import type { Problem } from '@fleetcast/shared/objects/problem'
import { reasonOf } from '@fleetcast/shared/runtime/failure'
import type { Logger } from '@fleetcast/shared/runtime/logger'
import { siteSet } from '@fleetcast/shared/store/directory'
import type { SetStore } from '@fleetcast/shared/store/set-store'

export interface SiteProblemsOptions {
  readonly watcher: {
    problems(): readonly Problem[]
    onProblems(tell: (problems: readonly Problem[]) => void): () => void
  }
  readonly store: SetStore
  readonly site: string
  readonly logger: Logger
}

/** Writes the newest problems, one write at a time; what comes during a write is merged. */
export function tellSiteProblems({ watcher, store, site, logger }: SiteProblemsOptions): void {
  let isWriting = false
  let isDirty = false
  const write = async (): Promise<void> => {
    isWriting = true
    while (isDirty) {
      isDirty = false
      try {
        await store.setProblems(siteSet(site), watcher.problems())
      } catch (error) {
        logger.warn({ site, reason: reasonOf(error) }, 'the problems of the site could not be written')
      }
    }
    isWriting = false
  }
  watcher.onProblems(() => {
    isDirty = true
    if (!isWriting) void write()
  })
}
