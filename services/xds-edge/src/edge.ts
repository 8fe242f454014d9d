// An edge: follows the sets of its fleets and serves them to Envoys. Holds no state that matters: all of it comes back
// from the store, or from its state directory while the store is absent.
import type { Address } from '@fleetcast/shared/runtime/address'
import type { Clock, Random } from '@fleetcast/shared/runtime/clock'
import type { Logger } from '@fleetcast/shared/runtime/logger'
import type { Metrics } from '@fleetcast/shared/runtime/metrics'
import type { NodeStatus, SetName, SetStore } from '@fleetcast/shared/store/set-store'
import { type AckBoard, createAckBoard } from './acks/ack-board.ts'
import { startReporter } from './acks/reporter.ts'
import { createTally } from './acks/tally.ts'
import { admits, assignFleet } from './identity/assign-fleet.ts'
import type { NodeInfo } from './protocol/messages.ts'
import { createClusterSettling } from './streams/cluster-settling.ts'
import { createExtraMethods } from './streams/extra-methods.ts'
import { createNameLimits } from './streams/name-limits.ts'
import { createRestAnswers } from './streams/rest-answers.ts'
import { createXdsStreams } from './streams/xds-streams.ts'
import type { Certificates } from './transport/grpc/certificates.ts'
import { createGrpcServer, type GrpcLimits } from './transport/grpc/server.ts'
import type { RestServer, RestServerOptions } from './transport/rest/rest-server.ts'
import { createHeadCheck, type HeadCheck } from './world/head-check.ts'
import { createStateDir } from './world/state-dir.ts'
import { createWorld, type World } from './world/world.ts'

export interface EdgeOptions {
  readonly store: SetStore
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly metrics: Metrics
  /** What this edge is called in the status of nodes. */
  readonly name: string
  readonly listen: Address
  /** Where it is asked by REST; not served where this is left out. */
  readonly rest?: Address | undefined
  /** Absent: plain text. */
  readonly certificates?: Certificates
  /** Several processes share the port. */
  readonly reusePort?: boolean
  /** Globs of the fleets that it serves; none means all. */
  readonly fleets?: readonly string[]
  /** Where the last sets are kept, to be served when the store is absent at start. */
  readonly stateDir?: string | undefined
  /** Seals the secrets that are kept there; without it they are not kept. */
  readonly sealKey?: Uint8Array | undefined
  /** Nodes that match no fleet get the only one, where there is only one (`fleetcast up`). */
  readonly singleFleet?: boolean
  readonly limits?: Partial<GrpcLimits>
}

export interface EdgeStatus {
  readonly generation: string | undefined
  readonly streams: number
  readonly sets: Readonly<Record<SetName, number>>
  readonly fleets: readonly { readonly name: string; readonly revision: number; readonly retired: boolean }[]
}

export interface Edge {
  /** Listens and begins to follow. Fails where the address is taken. */
  start(): Promise<void>
  /** Where it listens. */
  addresses(): { readonly grpc: Address | undefined; readonly rest: Address | undefined }
  /** What keeps it from doing its work, a line each; empty: it is ready. Once ready it stays so. */
  missing(): readonly string[]
  /** Resolves when it is ready, or when the signal aborts. */
  ready(signal?: AbortSignal): Promise<void>
  status(): EdgeStatus
  nodes(): readonly NodeStatus[]
  /** Ends its streams over the window and stops. */
  stop(drainMs?: number): Promise<void>
}

export function createEdge(options: EdgeOptions): Edge {
  const { store, clock, logger, metrics, name } = options
  const stopping = new AbortController()
  const board: AckBoard = createAckBoard({ edge: name, now: clock.now })
  const onReady = new Set<() => void>()
  let wasReady = false
  let isStopping = false
  let listening: Address | undefined
  let restListening: Address | undefined
  let rest: RestServer | undefined

  const kept = options.stateDir === undefined ? undefined : createStateDir({ ...options, folder: options.stateDir })
  const world: World = createWorld({
    store,
    logger,
    signal: stopping.signal,
    fleetGlobs: options.fleets ?? [],
    onDirectory() {
      streams.reassign()
      if (options.rest) restAnswers.advanced()
      kept?.keepOnly(new Set(world.sets()))
    },
    onNews(set, news) {
      kept?.note(set, news)
      settling.advanced()
      heads.advanced()
      if (options.rest) restAnswers.advanced()
      noteReadiness()
    },
  })
  const histories = () => [...world.fleets().keys()].flatMap((fleet) => world.history(fleet) ?? [])
  const heads: HeadCheck = createHeadCheck({ store, clock, setsOf: world.setsOf, standing: world.standing })
  const settling = createClusterSettling({
    clock,
    histories,
    onSettled() {
      if (options.rest) restAnswers.advanced()
    },
  })
  const access = {
    clock,
    board,
    assign: ({ id, cluster }: NodeInfo, names: readonly string[] | undefined) =>
      assignFleet({ id, cluster, names }, world.fleets(), { singleFleet: options.singleFleet ?? false }),
    historyOf: world.history,
    revisionOf: world.revisionOf,
    confirm: heads.confirm,
  }
  const streams = createXdsStreams({
    ...access,
    logger,
    tally: createTally(metrics),
    nameLimits: createNameLimits(histories),
  })
  const restAnswers = createRestAnswers({ ...access, fleets: () => world.fleets().keys() })
  const extra = createExtraMethods({
    streams,
    metrics,
    clock,
    assign: access.assign,
    mayKnow(fleet, names) {
      const known = world.fleets().get(fleet)
      return known === undefined || admits(known, names)
    },
    isServing: () => wasReady && !isStopping,
  })
  const server = createGrpcServer({ ...options, methods: [...streams.methods, ...extra.methods] })

  function noteReadiness(): void {
    if (wasReady || listening === undefined || world.missing().length > 0) return
    wasReady = true
    extra.health.changed()
    for (const resolve of onReady) resolve()
    onReady.clear()
  }

  return {
    async start() {
      for (const { set, contents } of (await kept?.load()) ?? []) world.take(set, { kind: 'contents', contents })
      listening = await server.start()
      if (options.rest) {
        rest = await createRest({ ...options, listen: options.rest, answer: restAnswers.answer })
        restListening = await rest.start()
      }
      world.start()
      noteReadiness()
      startReporter({ store, board, edge: name, clock, logger, signal: stopping.signal })
    },
    addresses: () => ({ grpc: listening, rest: restListening }),
    missing: () => (wasReady ? [] : listening === undefined ? ['it does not listen yet'] : world.missing()),
    ready: (signal) =>
      new Promise((resolve) => {
        if (wasReady || signal?.aborted) return resolve()
        onReady.add(resolve)
        signal?.addEventListener('abort', () => resolve(), { once: true })
      }),
    status: () => ({
      generation: world.generation(),
      streams: server.streamCount(),
      sets: Object.fromEntries(world.sets().map((set) => [set, world.standing(set)?.revision ?? 0])),
      fleets: [...world.fleets().values()].map(({ name: fleet, retired }) => ({
        name: fleet,
        revision: world.revisionOf(fleet),
        retired,
      })),
    }),
    nodes: board.nodes,
    async stop(drainMs = 0) {
      isStopping = true
      extra.health.changed()
      await Promise.all([server.drain(drainMs), rest?.stop()])
      settling.close()
      stopping.abort()
      await kept?.flush()
    },
  }
}

/** Envoy's descriptors cost 100 ms and 8 MB: only who serves REST loads them. */
async function createRest(options: Omit<RestServerOptions, 'toJson'>): Promise<RestServer> {
  const { createEnvoyTypes } = await import('@fleetcast/shared/envoy/types')
  const { createRestServer } = await import('./transport/rest/rest-server.ts')
  const { decodeExact } = await import('@fleetcast/shared/envoy/encode')
  const types = createEnvoyTypes()
  return createRestServer({ ...options, toJson: ({ type, bytes }) => decodeExact(type, bytes, types) })
}
