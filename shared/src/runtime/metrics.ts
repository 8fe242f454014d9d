// Metrics in Prometheus' form: `fleetcast_…`, units last. One registry a process, passed in; nothing is registered at import.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export interface Metrics {
  readonly registry: Registry
  /** `collect` is called before each reading: for what is counted elsewhere, because it is too frequent. */
  counter<L extends string = never>(
    name: string,
    help: string,
    labels?: readonly L[],
    collect?: (counter: Counter<L>) => void,
  ): Counter<L>
  gauge<L extends string = never>(
    name: string,
    help: string,
    labels?: readonly L[],
    collect?: (gauge: Gauge<L>) => void,
  ): Gauge<L>
  histogram<L extends string = never>(
    name: string,
    help: string,
    buckets: readonly number[],
    labels?: readonly L[],
  ): Histogram<L>
}

/** How often the event loop is looked at: by default a hundred times a second, which is most of what an idle process does. */
const LAG_EVERY_MS = 50

/** `processMetrics`: prom-client's own, under their usual names; once a process. Asking for a name again gives the same metric. */
export function createMetrics(options: { readonly processMetrics?: boolean } = {}): Metrics {
  const registry = new Registry()
  if (options.processMetrics) collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LAG_EVERY_MS })
  const once = <T>(name: string, make: () => T): T => (registry.getSingleMetric(name) as T | undefined) ?? make()
  const base = <L extends string>(name: string, help: string, labels: readonly L[]) => ({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
  })
  return {
    registry,
    counter: (name, help, labels = [], collect) =>
      once(name, () => {
        const counter = new Counter({ ...base(name, help, labels), ...collecting(() => collect?.(counter), collect) })
        return counter
      }),
    gauge: (name, help, labels = [], collect) =>
      once(name, () => {
        const gauge = new Gauge({ ...base(name, help, labels), ...collecting(() => collect?.(gauge), collect) })
        return gauge
      }),
    histogram: (name, help, buckets, labels = []) =>
      once(name, () => new Histogram({ ...base(name, help, labels), buckets: [...buckets] })),
  }
}

/** prom-client takes the presence of `collect` as a promise. */
const collecting = (run: () => void, wanted: unknown): { collect?: () => void } =>
  wanted === undefined ? {} : { collect: run }
