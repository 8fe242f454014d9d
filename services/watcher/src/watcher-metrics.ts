// What a watcher measures.
import type { Metrics } from '@fleetcast/shared/runtime/metrics'

export interface WatcherMetrics {
  readonly leading: { set(value: number): void }
  readonly problems: { set(value: number): void }
  readonly renewals: { inc(): void }
  /** An append of so many changes that took so long. */
  appended(changes: number, tookMs: number): void
  /** Of so many objects seen so many differed. */
  seen(objects: number, changed: number): void
}

export function createWatcherMetrics(metrics: Metrics): WatcherMetrics {
  const changes = metrics.counter('fleetcast_watcher_changes_total', 'Object changes appended to the log.')
  const dropped = metrics.counter(
    'fleetcast_watcher_unchanged_total',
    'Objects seen whose cut-down form had not changed.',
  )
  const append = metrics.histogram(
    'fleetcast_watcher_append_seconds',
    'Time of one append to the log.',
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1],
  )
  return {
    leading: metrics.gauge('fleetcast_watcher_leading', '1 while this watcher leads its site.'),
    problems: metrics.gauge('fleetcast_watcher_problems', 'Problems in what the source holds.'),
    renewals: metrics.counter('fleetcast_watcher_log_renewals_total', 'Logs filled anew because they were lost.'),
    appended(count, tookMs) {
      changes.inc(count)
      append.observe(tookMs / 1000)
    },
    seen(objects, changed) {
      if (objects > changed) dropped.inc(objects - changed)
    },
  }
}
