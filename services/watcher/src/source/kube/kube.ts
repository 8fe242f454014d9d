// An API server as a source: a reflector for each query, all over one pool of connections.
import type { Kind } from '@fleetcast/shared/objects/object'
import type { Clock, Random } from '@fleetcast/shared/runtime/clock'
import type { Logger } from '@fleetcast/shared/runtime/logger'
import type { Metrics } from '@fleetcast/shared/runtime/metrics'
import type { Sink, Source } from '../source.ts'
import type { ApiServer } from './api-server.ts'
import { type Query, queriesOf } from './query.ts'
import { createReading, type Reading } from './reading.ts'
import { createReflector, type Reflector } from './reflector.ts'
import { createUnion } from './union.ts'

export interface KubeDeps {
  readonly api: ApiServer
  /** False where the log could not keep a Secret sealed: none is asked for. */
  readonly secrets: boolean
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly metrics: Metrics
  readonly watchList?: boolean
}

/** Kinds that an API server is not asked for: what a folder once put into the same log is gone. */
const unasked = (secrets: boolean): readonly Kind[] => (secrets ? ['Endpoints'] : ['Endpoints', 'Secret'])

export function createKubeSource(deps: KubeDeps): Source {
  const { api, secrets, clock, metrics } = deps
  const queries = queriesOf(secrets)
  const kinds = [...new Set(queries.map(({ kind }) => kind))]
  const readings = new Map<Query, Reading>()
  let sink: Sink | undefined
  const reflectors = new Map(
    queries.map((query): [Query, Reflector] => {
      const reading = createReading(query.kind, (about, problems) => sink?.problems(about, problems))
      readings.set(query, reading)
      return [query, createReflector({ ...deps, query, reading })]
    }),
  )

  metrics.gauge(
    'fleetcast_watcher_heard_age_seconds',
    'Time since the last event, bookmark or list of the kind.',
    ['kind'],
    (gauge) => {
      for (const kind of kinds) {
        const heardAt = oldest(queries.filter((query) => query.kind === kind).map((q) => reflectors.get(q)?.heardAt()))
        if (heardAt !== undefined) gauge.set({ kind }, (clock.now() - heardAt) / 1000)
      }
    },
  )

  const runKind = (kind: Kind, sink: Sink, signal: AbortSignal): Promise<void>[] => {
    const own = queries.filter((query) => query.kind === kind)
    const keeps = (key: string): boolean => own.some((query) => readings.get(query)?.isWrong(key))
    const parts = createUnion(own.length, {
      listed: (objects) => sink.listed({ kinds: [kind], objects, keeps }),
      changed: (changes) => sink.changed(changes),
    })
    return own.map(async (query, at) => {
      const part = parts[at]
      const about = [kind, ...Object.values(query.selectors)].join(' ')
      if (part) await reflectors.get(query)?.run({ ...part, waiting: (reason) => sink.waiting(about, reason) }, signal)
    })
  }

  return {
    name: api.name,
    kinds,
    async run(given, signal) {
      sink = given
      given.listed({ kinds: unasked(secrets), objects: new Map() })
      await Promise.all(kinds.flatMap((kind) => runKind(kind, given, signal)))
    },
  }
}

/** Undefined where one of them was never heard. */
const oldest = (times: readonly (number | undefined)[]): number | undefined =>
  times.reduce((a, b) => (a === undefined || b === undefined ? undefined : Math.min(a, b)))
