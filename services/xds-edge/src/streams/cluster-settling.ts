// Says of each fleet when its clusters, and their endpoints, count as taken by clients without a common stream: some time
// after they changed, because no such client says so where its routes are served (rule 71).
import { CLUSTER } from '@fleetcast/shared/resources/types'
import type { Clock } from '@fleetcast/shared/runtime/clock'
import type { FleetHistory } from '../sets/fleet-history.ts'

/** For a client to take a new cluster, to ask for its endpoints on a stream of their own, and to take these. */
export const CLUSTERS_SETTLE_MS = 1_000

export interface ClusterSettling {
  /** A fleet's history changed. */
  advanced(): void
  /** Nothing is said afterwards. */
  close(): void
}

export function createClusterSettling(options: {
  readonly clock: Clock
  readonly histories: () => Iterable<FleetHistory>
  /** Called after histories were told. */
  readonly onSettled: () => void
}): ClusterSettling {
  const { clock, histories, onSettled } = options
  const timedAt = new WeakMap<FleetHistory, number>()
  const timers = new Set<() => void>()
  return {
    advanced() {
      for (const history of histories()) {
        const { head } = history.type(CLUSTER)
        if (head === (timedAt.get(history) ?? 0)) continue
        timedAt.set(history, head)
        const cancel = clock.after(CLUSTERS_SETTLE_MS, () => {
          timers.delete(cancel)
          history.settleClusters(head)
          onSettled()
        })
        timers.add(cancel)
      }
    },
    close() {
      for (const cancel of timers) cancel()
    },
  }
}
