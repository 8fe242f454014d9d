// The life of the store as a publisher sees it: makes a generation where there is none, sees that one was lost, has every
// set committed again and seals it once that is done. Edges keep what they have until then (design rule 2).
import type { Logger } from '@fleetcast/shared/runtime/logger'
import { DIRECTORY } from '@fleetcast/shared/store/directory'
import type { SetStore } from '@fleetcast/shared/store/set-store'
import type { Mirrors } from './mirrors.ts'

export interface StoreLifeOptions {
  readonly store: SetStore
  readonly mirrors: Mirrors
  readonly logger: Logger
  /** True once every site that is known is synced. */
  readonly isComplete: () => boolean
  /** Commits every set. */
  readonly workAll: () => Promise<void>
  /** Runs a task that may fail: it is tried again by the next check. */
  readonly inBackground: (task: Promise<unknown>) => void
}

export interface StoreLife {
  /** Makes a generation unless there is one. */
  begin(): Promise<void>
  /** Commits every set and seals the generation, where every site is synced. */
  seal(): Promise<void>
  /** The store says that it has another generation. */
  renew(): Promise<void>
  /** Looks whether the store is still the one that was filled. */
  check(): Promise<void>
  readonly isSealed: boolean
}

export function createStoreLife(options: StoreLifeOptions): StoreLife {
  const { store, mirrors, logger, isComplete, workAll, inBackground } = options
  let isSealed = false
  let sealing: Promise<void> | undefined

  async function sealNow(): Promise<void> {
    if (!isComplete()) return
    await workAll()
    const id = mirrors.of(DIRECTORY).head?.generation
    if (isSealed || id === undefined) return
    isSealed = await store.seal(id)
    if (isSealed) logger.info({ generation: id }, 'every set is committed: the store is sealed')
  }
  /** Asked for while it runs, it runs once more: a site may have been synced meanwhile. */
  function seal(): Promise<void> {
    const mine = (sealing ?? Promise.resolve()).catch(() => undefined).then(sealNow)
    sealing = mine
    return mine
  }
  async function renew(): Promise<void> {
    const { id, sealed } = await store.createGeneration()
    isSealed = sealed
    await mirrors.reload()
    if (sealed) return
    logger.warn({ generation: id }, 'the store is empty: filling it')
    inBackground(seal())
  }

  return {
    async begin() {
      const { sealed } = await store.createGeneration()
      isSealed = sealed
    },
    seal,
    renew,
    async check() {
      const generation = await store.generation()
      if (generation?.id !== mirrors.of(DIRECTORY).head?.generation) await renew()
      else if (generation?.sealed === false) inBackground(seal())
      else isSealed = true
    },
    get isSealed() {
      return isSealed
    },
  }
}
