// A conversation as text, for tests: what client, world and clock do stands in the text, and so does all that the stream
// answers. Tests only.
//
//   < cds A,B        a request: names to ask for (SotW: the whole list; delta: to add), in the present lane
//   < cds -A         delta: to take away · `< cds +A -B`; SotW keeps count of the list for + and -
//   < cds ack        with the last nonce; `< cds ack +C`; `nack` is the same with error_detail; `@n` any other nonce
//   < cds A =A:1,B:2 delta: initial versions by content; `v=x` SotW: version_info
//   = cds A1, eds A1, -cds B     one update of the fleet: name and one letter of content
//   ! order          a timer is over
//   > cds A1 B1 -C   a response; `!A` without a body; what else it says in brackets
import { type Resource, resource, type TypeUrl } from '@fleetcast/shared/resources/resource'
import { CLUSTER, RESOURCE_TYPES } from '@fleetcast/shared/resources/types'
import { createFleetHistory, type FleetHistory, type ResourceKey } from '../../sets/fleet-history.ts'
import { createSubscriptions, type Subscriptions } from '../../sets/subscription.ts'
import type { NodeInfo, Request, Response, Variant } from '../messages.ts'
import { createStream, type Stream } from '../stream.ts'

export const urlOf = (short: string): TypeUrl =>
  RESOURCE_TYPES.find((type) => type.short === short)?.url ?? `type.googleapis.com/${short}`
export const shortOf = (url: TypeUrl): string =>
  RESOURCE_TYPES.find((type) => type.url === url)?.short ?? (url.split('/').at(-1) || 'none')

/** A resource by its short type, name and one character of content. Clusters take the assignment of their own name. */
export function makeResource(short: string, name: string, content: string): Resource {
  const type = urlOf(short)
  const [plain = name, ...marks] = name.split('~')
  const ttl = marks.find((mark) => mark.startsWith('ttl'))
  const aliases = marks.filter((mark) => !mark.startsWith('ttl'))
  return resource({
    type,
    name: plain,
    bytes: Buffer.from(content === 'L' ? 'L'.repeat(1_500_000) : content),
    endpointsName: type === CLUSTER ? plain : undefined,
    ttlSeconds: ttl === undefined ? undefined : Number(ttl.slice(3)),
    aliases: aliases.length === 0 ? undefined : aliases,
  })
}

export interface Conversation {
  readonly stream: Stream
  readonly history: FleetHistory
  readonly responses: Response[]
  /** Everything that was sent or told, as lines without their mark. */
  readonly sent: string[]
  /** Does what the line says and returns what came of it, line by line. */
  play(line: string): readonly string[]
}

export interface ConversationOptions {
  readonly variant: Variant
  /** A per-type stream of this type. */
  readonly type?: string
  readonly history?: FleetHistory
  readonly subscriptions?: Subscriptions
  readonly features?: readonly string[]
  /** Attach the history at once (default). */
  readonly isAttached?: boolean
  /** Called while a response is being sent, with its short type. */
  readonly onSend?: (short: string) => void
}

export function createConversation(options: ConversationOptions): Conversation {
  const history = options.history ?? createFleetHistory({ fleet: 'test', id: 0 })
  const subscriptions = options.subscriptions ?? createSubscriptions()
  const responses: Response[] = []
  const sent: string[] = []
  const lists = new Map<string, string[]>()
  let lines: string[] = []
  const tell = (text: string): void => {
    sent.push(text)
    lines.push(`> ${text}`)
  }
  const stream = createStream({
    variant: options.variant,
    aggregated: options.type === undefined,
    ...(options.type === undefined ? {} : { type: urlOf(options.type) }),
    subscriptions,
    effects: {
      send(response) {
        responses.push(response)
        tell(describeResponse(response))
        options.onSend?.(shortOf(response.type))
      },
      acked: () => undefined,
      rejected: (type, _version, _nonce, message) => tell(`rejected ${shortOf(type)} ${message}`),
      close: (code) => tell(`close ${code}`),
      wait: (timer, delayMs) => lines.push(`. wait ${timer} ${delayMs}`),
    },
  })
  if (options.isAttached !== false) stream.attach(history)

  function play(line: string): readonly string[] {
    lines = []
    const [mark = '', ...words] = line.split(/ +/)
    if (mark === '<') stream.receive(readRequest(words, options, lists, responses))
    else if (mark === '=') history.apply(readUpdate(words.join(' ')))
    else if (mark === '!') stream.elapsed(words[0] ?? '')
    else throw new Error(`not a line of a transcript: ${line}`)
    return lines
  }
  return { stream, history, responses, sent, play }
}

/** Plays the lines that act and returns the text with all that the stream answered. Waits are kept where the text has some. */
export function runTranscript(text: string, options: ConversationOptions): string {
  const conversation = createConversation(options)
  const showsWaits = /^\s*\./m.test(text)
  const lines = text.split('\n').map((line) => line.trim())
  const played = lines
    .filter((line) => /^[<=!]/.test(line))
    .flatMap((line) => [line, ...conversation.play(line).filter((out) => showsWaits || !out.startsWith('.'))])
  return played.join('\n')
}

/** The text as `runTranscript` gives it back when all is as written. */
export const tidyTranscript = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n')

export function describeResponse({ type, resources, removed, bodiless, ttl, wrapped }: Response): string {
  const names = resources.map(({ name, bytes }) => {
    if (bodiless?.has(name)) return `!${name}`
    const text = Buffer.from(bytes).toString()
    // An assignment that was filled in has no content letter of ours.
    return `${name}${text.startsWith('\n') ? '0' : text.slice(0, 1)}`
  })
  const extras = [ttl ? '[ttl]' : '', wrapped ? '[wrapped]' : ''].filter((extra) => extra !== '')
  return [shortOf(type), ...names.sort(), ...removed.map((name) => `-${name}`).sort(), ...extras].join(' ')
}

function readRequest(
  words: readonly string[],
  { variant, features = [] }: ConversationOptions,
  lists: Map<string, string[]>,
  responses: readonly Response[],
): Request {
  const [short = '', ...rest] = words
  const type = short === '-' ? '' : urlOf(short)
  const last = responses.findLast((response) => response.type === type)
  const given = rest.find((word) => word.startsWith('@'))?.slice(1)
  const isAnswer = rest.includes('ack') || rest.includes('nack')
  const nonce = given ?? (isAnswer ? (last?.nonce ?? '') : '')
  const node: NodeInfo = { id: 'n', cluster: 'test', clientFeatures: features, userAgent: 'test' }
  const error = rest.includes('nack') ? { error: { code: 3, message: 'bad' } } : {}
  const add = rest.flatMap((word) => (isNames(word) ? word.replace(/^\+/, '').split(',') : []))
  const remove = rest.flatMap((word) => (word.startsWith('-') ? word.slice(1).split(',') : []))
  if (variant === 'delta') {
    const held = rest.find((word) => word.startsWith('='))
    const versionsKey = held === undefined ? undefined : held.slice(1).split(',').sort().join()
    const initialVersions = versionsKey === undefined ? undefined : versionsOf(short, versionsKey)
    return { variant, type, nonce, node, subscribe: add, unsubscribe: remove, initialVersions, versionsKey, ...error }
  }
  const isWhole = rest.some((word) => isNames(word) && !word.startsWith('+')) || rest.includes('none')
  const before = isWhole ? [] : (lists.get(short) ?? [])
  const names = [...before.filter((name) => !remove.includes(name)), ...add]
  lists.set(short, names)
  const versionInfo = rest.find((word) => word.startsWith('v='))?.slice(2) ?? ''
  return { variant, type, nonce, node, versionInfo, names, namesKey: names.join('\n'), ...error }
}

const isNames = (word: string): boolean => !/^[-@=!.]|^v=/.test(word) && !['ack', 'nack', 'none'].includes(word)

/** As a decoder does: equal ones are one map. */
const knownVersions = new Map<string, ReadonlyMap<string, string>>()
function versionsOf(short: string, key: string): ReadonlyMap<string, string> {
  const known = knownVersions.get(`${short} ${key}`) ?? readVersions(short, key)
  knownVersions.set(`${short} ${key}`, known)
  return known
}

const readVersions = (short: string, text: string): Map<string, string> =>
  new Map(
    text.split(',').map((pair) => {
      const name = pair.slice(0, -1)
      return [name.split('~')[0] ?? name, makeResource(short, name, pair.slice(-1)).version]
    }),
  )

export function readUpdate(text: string): {
  readonly put: readonly Resource[]
  readonly remove: readonly ResourceKey[]
} {
  const put: Resource[] = []
  const remove: ResourceKey[] = []
  for (const item of text.split(',').map((part) => part.trim())) {
    const [short = '', name = ''] = item.replace(/^-/, '').split(' ')
    if (item === '' || item === 'nothing') continue
    if (item.startsWith('-')) remove.push({ type: urlOf(short), name })
    else put.push(makeResource(short, name.slice(0, -1), name.slice(-1)))
  }
  return { put, remove }
}
