// Follows one fleet as an Envoy would, and tells its files whenever what it holds is whole.
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { CLUSTER, LISTENER } from '@fleetcast/shared/resources/types'
import { createBackoff } from '@fleetcast/shared/runtime/backoff'
import { type Clock, pause, type Random } from '@fleetcast/shared/runtime/clock'
import { reasonOf } from '@fleetcast/shared/runtime/failure'
import type { Logger } from '@fleetcast/shared/runtime/logger'
import { type AdsOptions, type AdsResponse, type AdsStream, openAds } from './ads-stream.ts'
import type { OutputFiles } from './file-set.ts'
import { filesOf } from './fleet-files.ts'
import { ASKED, createFleetWorld, type FleetWorld } from './fleet-world.ts'

export interface FleetOptions extends Omit<AdsOptions, 'node'> {
  readonly fleet: string
  readonly outputDir: string
  /** How long clusters that are gone stay in the files: their Envoy does not say when it no longer needs them. */
  readonly removeAfterMs: number
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** `absent`: what is referred to and did not come, a line each. */
  readonly tell: (news: { readonly files: OutputFiles; readonly absent: readonly string[] }) => void
}

/** A state of the world says nothing of names that do not exist: they count as absent after this. */
const SILENCE_MS = 1_000
const NO_ANSWER_MS = 3_000
/** For an Envoy to take new clusters from its files before listeners and routes come that refer to them (rule 6 of the design). */
const CLUSTERS_SETTLE_MS = 500

/** Until the signal aborts. What it holds outlives a connection. */
export async function followFleet(options: FleetOptions, signal: AbortSignal): Promise<void> {
  const { clock, random, logger, fleet } = options
  const held = createHeld(options)
  const backoff = createBackoff({ minMs: 100, maxMs: 5_000, random })
  const node = { id: `${hostname()}-files`, cluster: fleet }
  /** Resolves with why the stream ended; rejects where it could not begin. */
  const runSession = async (): Promise<string> => {
    const session = createSession(clock, held)
    const stream = openAds({ ...options, node }, (response) => {
      backoff.reset()
      session.heard(response, stream)
    })
    session.ask(stream)
    // A node of an unknown fleet is held, not refused: nothing else says so.
    const cancelRemark = clock.after(NO_ANSWER_MS, () => {
      if (!held.world.isListed()) logger.warn({ fleet }, 'the edge has not answered yet: does it serve this fleet?')
    })
    const stop = (): void => stream.close()
    signal.addEventListener('abort', stop, { once: true })
    const reason = await stream.ended
    signal.removeEventListener('abort', stop)
    session.end()
    cancelRemark()
    return reason
  }
  while (!signal.aborted) {
    const reason = await runSession().catch(reasonOf)
    if (signal.aborted) break
    logger.warn({ reason }, 'the stream to the edge ended; trying again')
    await pause(clock, backoff.next(), signal)
  }
  held.close()
}

interface Held {
  readonly world: FleetWorld
  take(response: AdsResponse): void
  /** Tells the files of all that is held. */
  show(): void
  close(): void
}

/** What is held of the fleet, through all streams; what is gone of it goes later. */
function createHeld({ types, outputDir, clock, removeAfterMs, tell }: FleetOptions): Held {
  const world = createFleetWorld(types)
  const timers = new Set<() => void>()
  const show = (): void =>
    tell({ files: filesOf(world, resolve(outputDir)), absent: world.lacks().map((lack) => `the edge has no ${lack}`) })
  return {
    world,
    show,
    take({ type, resources }) {
      const departure = world.take(type, resources)
      if (departure === undefined) return
      if (removeAfterMs === 0) {
        world.drop(departure)
        return
      }
      const cancel = clock.after(removeAfterMs, () => {
        timers.delete(cancel)
        world.drop(departure)
        show()
      })
      timers.add(cancel)
    },
    close() {
      for (const cancel of timers) cancel()
    },
  }
}

/** The subscriptions of one stream. */
function createSession(clock: Clock, { world, take, show }: Held) {
  /** The newest response of each type, and the names last asked for. */
  const answered = new Map<string, AdsResponse>()
  const asked = new Map<string, string>()
  let cancelAbsent = (): void => {}
  let cancelAck = (): void => {}
  let areClustersNew = false

  function ask(stream: AdsStream, acknowledged?: string): void {
    for (const type of ASKED) {
      const names = world.wanted(type)
      const isWildcard = type === CLUSTER || type === LISTENER
      const last = answered.get(type)
      const isNew = asked.get(type) !== names.join('\n') && (isWildcard || names.length > 0 || asked.has(type))
      if (!isNew && type !== acknowledged) continue
      asked.set(type, names.join('\n'))
      stream.send({ type, names, ...(last ? { version: last.version, nonce: last.nonce } : {}) })
    }
  }
  /** The edge sends what refers to new clusters once these are acknowledged: that is, once an Envoy had time to take them. */
  function deliver(stream: AdsStream): void {
    show()
    if (!areClustersNew) return
    areClustersNew = false
    cancelAck = clock.after(CLUSTERS_SETTLE_MS, () => ask(stream, CLUSTER))
  }

  return {
    ask,
    heard(response: AdsResponse, stream: AdsStream): void {
      answered.set(response.type, response)
      // Before the first files there is nothing that could break.
      const isLater = response.type === CLUSTER && world.isListed()
      areClustersNew ||= isLater
      take(response)
      ask(stream, isLater ? undefined : response.type)
      cancelAbsent()
      if (!world.isListed()) return
      if (world.lacks().length === 0) deliver(stream)
      else cancelAbsent = clock.after(SILENCE_MS, () => deliver(stream))
    },
    end() {
      cancelAbsent()
      cancelAck()
    },
  }
}
