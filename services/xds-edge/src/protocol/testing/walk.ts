// One random walk: a model of an Envoy against the real step, over a network that delays, through changes of the world,
// reconnects, changes of edge and of fleet, refusals, names on demand, collections and heartbeats. Returns what went wrong. Tests and soak only.
import type { TypeUrl } from '@fleetcast/shared/resources/resource'
import {
  CLUSTER,
  ENDPOINTS,
  EXTENSION,
  LISTENER,
  RUNTIME,
  SCOPED_ROUTES,
  SECRET,
  VIRTUAL_HOST,
} from '@fleetcast/shared/resources/types'
import { createFleetHistory, type FleetHistory } from '../../sets/fleet-history.ts'
import { canonicalName } from '../../sets/resource-name.ts'
import { createSubscriptions, type Subscriptions } from '../../sets/subscription.ts'
import { hasRefused } from '../lane.ts'
import type { Request, Response, Variant } from '../messages.ts'
import { createStream, type Stream } from '../stream.ts'
import { createEnvoyModel, modelTypes } from './envoy-model.ts'
import { shortOf } from './transcript.ts'
import { createPick, createWorld, type Pick, type World } from './walk-world.ts'

export interface WalkOptions {
  readonly seed: number
  readonly steps: number
  /** Told of each thing that happens, to read a failed walk. */
  readonly onEvent?: (text: string) => void
}

/** What a walk is made of, from its seed: half of them refuse nothing and let no timer of the order run out. */
interface Kind {
  readonly variant: Variant
  readonly isAggregated: boolean
  readonly isCalm: boolean
  /** The client takes TTLs and heartbeats. */
  readonly knowsTtl: boolean
}

/** What the client asks for beside what it needs, on demand. */
const BY_BOTH: readonly (readonly [TypeUrl, readonly string[]])[] = [
  [ENDPOINTS, ['a', 'b', 'zz']],
  [EXTENSION, ['zz', 'a', 'b']],
  [RUNTIME, ['a', 'zz']],
]
const WISHES: Readonly<Record<Variant, typeof BY_BOTH>> = {
  sotw: [...BY_BOTH, [SECRET, ['a', 'xdstp://w/s/a?x=1&y=2', 'zz', 'b']]],
  delta: [
    ...BY_BOTH,
    [SECRET, ['a', 'xdstp://w/s/*?y=2&x=1', 'xdstp://w/s/a?x=1&y=2', 'zz', 'b']],
    [CLUSTER, ['a', 'zz', 'b']],
    [VIRTUAL_HOST, ['r/a.host', 'r/b', 'r/zz', 'r/a']],
  ],
}
/** What is told of removals in both variants, and in delta. */
const WHOLE: ReadonlySet<TypeUrl> = new Set([CLUSTER, LISTENER, SCOPED_ROUTES])
const ALONE: ReadonlySet<TypeUrl> = new Set([SECRET, EXTENSION, RUNTIME, VIRTUAL_HOST])

/** Responses to one quiet phase: more would be a loop. */
const RESPONSES_MAX = 400

/** Undefined when all rules held; else what did not, in one line. */
export function walk(options: WalkOptions): string | undefined {
  const pick = createPick(options.seed)
  const kind: Kind = {
    variant: pick(2) === 0 ? 'sotw' : 'delta',
    isAggregated: pick(5) > 0,
    isCalm: pick(2) === 0,
    knowsTtl: pick(2) === 0,
  }
  const course = createCourse(kind, pick, options.onEvent ?? (() => undefined))
  try {
    course.start()
    for (let step = 0; step < options.steps; step++) course.act()
    course.finish()
  } catch (failure) {
    return failure instanceof Error ? (failure.stack ?? failure.message) : String(failure)
  }
  return undefined
}

/** Streams of one connection, and what the network holds. */
interface Connection {
  readonly streams: ReadonlyMap<TypeUrl, Stream>
  readonly inbox: Response[]
  readonly outstanding: Map<TypeUrl, string>
  readonly nonces: Set<string>
  readonly timers: Map<string, Stream>
}

function createCourse(kind: Kind, pick: Pick, tell: (text: string) => void) {
  const worlds: readonly World[] = [createWorld(pick), createWorld(pick)]
  const edges: readonly (readonly FleetHistory[])[] = [0, 1].map((edge) =>
    worlds.map((world, fleet) => {
      const history = createFleetHistory({ fleet: `f${fleet}`, id: edge * 2 + fleet })
      history.apply({ put: [...world.resources.values()], remove: [] })
      return history
    }),
  )
  const subscriptions = createSubscriptions()
  const envoy = createEnvoyModel(kind.variant, 'walker', kind.knowsTtl)
  let connection: Connection | undefined
  let edge = 0
  let fleet = 0
  let sent = 0
  /** After a reconnect in SotW nobody can know what the client had: it is judged again from the next quiet on. */
  let isJudged = kind.isCalm && kind.isAggregated

  function connect(): void {
    for (const stream of connection?.streams.values() ?? []) stream.close()
    edge = pick(edges.length)
    if (connection !== undefined && kind.variant === 'sotw') isJudged = false
    connection = open(kind, subscriptions, (response) => {
      sent++
      tell(`    server sends ${describe(response)}`)
    })
    envoy.connect(kind.isAggregated)
    for (const stream of connection.streams.values()) stream.attach(edges[edge]?.[fleet])
    tell(`connects to edge ${edge}, fleet ${fleet}`)
  }
  function deliver(): boolean {
    const request = envoy.outbox.shift()
    if (request === undefined || connection === undefined) return false
    tell(`  server gets ${describeRequest(request)}`)
    // Answered, or started over: the response that was outstanding is no more.
    const { outstanding } = connection
    if (outstanding.get(request.type) === request.nonce || (kind.variant === 'sotw' && request.nonce === ''))
      outstanding.delete(request.type)
    connection.streams.get(kind.isAggregated ? '' : request.type)?.receive(request)
    return true
  }
  function take(mayRefuse: boolean): boolean {
    const response = connection?.inbox.shift()
    if (response === undefined) return false
    const refuse = mayRefuse && !kind.isCalm && pick(5) === 0
    tell(`  client takes ${describe(response)}${refuse ? ' and refuses' : ''}`)
    envoy.take(response, refuse, () => pick(2) === 0)
    const broken = isJudged ? envoy.broken() : []
    if (broken.length > 0) throw new Error(`make before break: ${broken.join(', ')}`)
    return true
  }
  /** `isBeat`: heartbeats go on for ever, so they are not waited for. */
  function fire(isBeat: boolean): boolean {
    const isDue = ([name]: readonly [string, Stream]): boolean => name.startsWith('ttl:') === isBeat
    const due = [...(connection?.timers ?? [])].filter(isDue).sort(([a], [b]) => a.localeCompare(b))
    const [name, stream] = due[pick(due.length || 1)] ?? []
    if (name === undefined || stream === undefined) return false
    connection?.timers.delete(name)
    tell(`  timer ${name}`)
    stream.elapsed(name.split(' ')[0] ?? '')
    return true
  }
  /** Lets everything arrive. Timers run only when nothing else moves, as they do when the network is fast. */
  function drain(mayRefuse: boolean): void {
    const before = sent
    for (;;) {
      while (pick(2) === 0 ? deliver() || take(mayRefuse) : take(mayRefuse) || deliver());
      if (sent - before > RESPONSES_MAX) throw new Error('a loop of responses')
      if (kind.isCalm && kind.isAggregated)
        for (const { state } of connection?.streams.values() ?? [])
          if (state.lanes.some((lane) => lane.waitsFor === 'order')) throw new Error('waits for an order that has come')
      if (!fire(false)) return
    }
  }
  function checkQuiet(): void {
    const world = worlds[fleet]
    const history = edges[edge]?.[fleet]
    if (world === undefined || history === undefined) return
    for (const type of modelTypes(kind.variant)) {
      const held = envoy.held(type)
      for (const one of history.type(type).all()) {
        if (!envoy.wants(type, one)) continue
        const version = held.get(canonicalName(one.name))?.version
        if (version !== one.version)
          throw new Error(`${shortOf(type)} ${one.name}: has ${version}, should have ${one.version}`)
      }
      // SotW has no removal for types that are not whole, and Envoy forgets endpoints and routes by itself.
      const isExact = WHOLE.has(type) || (kind.variant === 'delta' && ALONE.has(type))
      for (const name of isExact ? held.keys() : [])
        if (history.type(type).get(name) === undefined) throw new Error(`${shortOf(type)} ${name}: still there`)
    }
    // Without a common stream Envoy asks anew for the endpoints of a cluster that warms, on a stream of its own.
    if (kind.isAggregated && envoy.warming.size > 0) throw new Error(`still warming: ${[...envoy.warming].join()}`)
    const broken = kind.isAggregated ? envoy.broken() : []
    if (broken.length > 0) throw new Error(`at rest: ${broken.join(', ')}`)
    for (const { state } of connection?.streams.values() ?? [])
      for (const lane of state.lanes)
        if (lane.own !== undefined || hasRefused(lane) || lane.waitsFor !== 'nothing')
          throw new Error(`at rest ${lane.type.short} still holds something of its own`)
    isJudged = kind.isCalm && kind.isAggregated
  }
  function change(update: (world: World) => ReturnType<World['change']>, of: number): void {
    const world = worlds[of]
    if (world === undefined) return
    const made = update(world)
    tell(
      `fleet ${of}: ${made.put.map((one) => `${shortOf(one.type)} ${one.name}${one.endpointsName ? `→${one.endpointsName}` : ''} ${one.version.slice(0, 4)}`).join(', ')} / ${made.remove.map((one) => `${shortOf(one.type)} ${one.name}`).join(', ')}`,
    )
    for (const histories of edges) histories[of]?.apply(made)
  }
  function moveFleet(): void {
    fleet = 1 - fleet
    tell(`moves to fleet ${fleet}`)
    for (const stream of connection?.streams.values() ?? []) stream.attach(edges[edge]?.[fleet])
  }
  function wish(): void {
    const wishes = WISHES[kind.variant]
    const [type, all] = wishes[pick(wishes.length)] ?? [SECRET, []]
    envoy.want(type, all.slice(pick(all.length)), pick(3) > 0)
  }
  function act(): void {
    const action = pick(100)
    if (action < 25) change((world) => world.change(), pick(8) === 0 ? 1 - fleet : fleet)
    else if (action < 52) deliver()
    else if (action < 79) take(true)
    else if (action < 88) wish()
    else if (action < 91) connect()
    else if (action < 93) moveFleet()
    else if (action < 97) fire(kind.isCalm || pick(2) === 0)
    else if (kind.isCalm) {
      drain(true)
      checkQuiet()
    }
  }
  function finish(): void {
    drain(false)
    // What was refused is corrected: then everything must arrive.
    if (!kind.isCalm) change((world) => world.renew(), fleet)
    drain(false)
    checkQuiet()
    for (const stream of connection?.streams.values() ?? []) stream.close()
    if (subscriptions.size > 0) throw new Error(`${subscriptions.size} subscriptions left after the streams`)
  }
  return { start: connect, act, finish }
}

/** Opens the streams and watches the rules of the wire: one response outstanding, no name and no nonce twice. */
function open(kind: Kind, subscriptions: Subscriptions, onSend: (response: Response) => void): Connection {
  const inbox: Response[] = []
  const outstanding = new Map<TypeUrl, string>()
  const nonces = new Set<string>()
  const timers = new Map<string, Stream>()
  const streams = new Map<TypeUrl, Stream>()
  for (const type of kind.isAggregated ? [''] : modelTypes(kind.variant)) {
    const stream = createStream({
      variant: kind.variant,
      aggregated: kind.isAggregated,
      ...(kind.isAggregated ? {} : { type }),
      subscriptions,
      effects: {
        send(response) {
          onSend(response)
          checkResponse(response, outstanding, kind.isAggregated ? nonces : new Set())
          outstanding.set(response.type, response.nonce)
          inbox.push(response)
        },
        acked: () => undefined,
        rejected: () => undefined,
        close(code, message) {
          throw new Error(`closed: ${code} ${message}`)
        },
        wait: (timer) => timers.set(`${timer} ${type}`, stream),
      },
    })
    streams.set(type, stream)
  }
  return { streams, inbox, outstanding, nonces, timers }
}

function checkResponse(response: Response, outstanding: Map<TypeUrl, string>, nonces: Set<string>): void {
  const { type, nonce, resources, removed } = response
  const before = outstanding.get(type)
  if (before !== undefined) throw new Error(`${describe(response)} while ${before} is outstanding`)
  if (nonce === '' || nonces.has(nonce)) throw new Error(`nonce ${nonce} came twice`)
  nonces.add(nonce)
  const names = [...resources.map(({ name }) => name), ...removed]
  if (new Set(names).size < names.length) throw new Error(`a name twice in ${describe(response)}`)
  if (resources.some((one) => one.type !== type)) throw new Error(`a resource of another type in ${describe(response)}`)
}

const describe = ({ type, nonce, resources, removed }: Response): string =>
  `${shortOf(type)} ${nonce} [${resources.map(({ name, version }) => `${name} ${version.slice(0, 4)}`).join(', ')}] - [${removed.join(', ')}]`

const describeRequest = (request: Request): string =>
  request.variant === 'sotw'
    ? `${shortOf(request.type)} ${request.nonce} names ${request.names.join()}${request.error ? ' NACK' : ''}`
    : `${shortOf(request.type)} ${request.nonce} +${request.subscribe.join()} -${request.unsubscribe.join()}${request.error ? ' NACK' : ''}${request.initialVersions ? ` holds ${[...request.initialVersions.keys()].join()}` : ''}`
