// Follows one fleet as an Envoy would, and tells its files whenever what it holds is whole.
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { createBackoff } from '@fleetcast/shared/runtime/backoff'
import { type Clock, pause, type Random } from '@fleetcast/shared/runtime/clock'
import type { Logger } from '@fleetcast/shared/runtime/logger'
import { type AdsOptions, type AdsResponse, type AdsStream, openAds } from './ads-stream.ts'
import type { OutputFiles } from './file-set.ts'
import { filesOf } from './fleet-files.ts'
import { ASKED, createFleetWorld, type FleetWorld } from './fleet-world.ts'

export interface FleetOptions extends Omit<AdsOptions, 'node'> {
  readonly fleet: string
  readonly outputDir: string
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** `absent`: what is referred to and did not come, a line each. */
  readonly tell: (news: { readonly files: OutputFiles; readonly absent: readonly string[] }) => void
}

/** A state of the world says nothing of names that do not exist: they count as absent after this. */
const SILENCE_MS = 1_000

/** Until the signal aborts. What it holds outlives a connection. */
export async function followFleet(options: FleetOptions, signal: AbortSignal): Promise<void> {
  const { clock, random, logger, fleet } = options
  const world = createFleetWorld(options.types)
  const backoff = createBackoff({ minMs: 100, maxMs: 5_000, random })
  const node = { id: `${hostname()}-files`, cluster: fleet }
  while (!signal.aborted) {
    const session = createSession(options, world)
    const stream = openAds({ ...options, node }, (response) => {
      backoff.reset()
      session.heard(response, stream)
    })
    session.ask(stream)
    const stop = (): void => stream.close()
    signal.addEventListener('abort', stop, { once: true })
    const reason = await stream.ended
    signal.removeEventListener('abort', stop)
    session.end()
    if (signal.aborted) return
    logger.warn({ reason }, 'the stream to the edge ended; trying again')
    await pause(clock, backoff.next(), signal)
  }
}

/** The subscriptions of one stream. */
function createSession({ clock, outputDir, tell }: FleetOptions, world: FleetWorld) {
  /** The newest response of each type, and the names last asked for. */
  const answered = new Map<string, AdsResponse>()
  const asked = new Map<string, string>()
  let cancel = (): void => {}

  function ask(stream: AdsStream, acknowledged?: string): void {
    for (const type of ASKED) {
      const names = world.wanted(type)
      const isWildcard = type === ASKED[0] || type === ASKED[2]
      const last = answered.get(type)
      const isNew = asked.get(type) !== names.join('\n') && (isWildcard || names.length > 0 || asked.has(type))
      if (!isNew && type !== acknowledged) continue
      asked.set(type, names.join('\n'))
      stream.send({ type, names, ...(last ? { version: last.version, nonce: last.nonce } : {}) })
    }
  }
  const show = (): void =>
    tell({ files: filesOf(world, resolve(outputDir)), absent: world.lacks().map((lack) => `the edge has no ${lack}`) })

  return {
    ask,
    heard(response: AdsResponse, stream: AdsStream): void {
      answered.set(response.type, response)
      world.take(response.type, response.resources)
      ask(stream, response.type)
      cancel()
      if (!world.isListed()) return
      if (world.lacks().length === 0) show()
      else cancel = clock.after(SILENCE_MS, show)
    },
    end: () => cancel(),
  }
}
