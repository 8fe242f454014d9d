// Who may import whom: the rooms of ARCHITECTURE.md as data. A room that is missing from the table, and an import that is
// missing from a room's line, fails.
import { describe, expect, test } from 'vitest'
import { importsOf, type SourceFile, sources } from './sources.ts'

/** The whole of what a room may import beside itself: other rooms, packages, Node's modules (`node:*` stands for all). */
const ROOMS: Readonly<Record<string, string>> = {
  // What services meet on. The ports stand on values; only `redis` and the adapters know a server.
  'shared/objects': '',
  'shared/catalog': 'shared/objects',
  'shared/resources': 'shared/store node:crypto',
  'shared/envoy': 'shared/objects shared/resources @bufbuild/protobuf yaml node:crypto node:fs node:net node:zlib',
  'shared/log': 'shared/objects shared/redis shared/runtime node:crypto node:os',
  'shared/store': 'shared/log shared/objects shared/redis shared/resources shared/runtime zod node:crypto',
  'shared/queue': 'shared/redis shared/runtime shared/store bullmq zod',
  'shared/redis': 'shared/runtime ioredis node:crypto',
  'shared/runtime': 'pino prom-client zod node:*',

  // The watcher: knows no Envoy and no fleets.
  watcher: 'watcher/* shared/log shared/objects shared/runtime',
  'watcher/cut': 'shared/objects zod node:net',
  'watcher/source': 'shared/objects',
  'watcher/source/folder':
    'watcher/cut watcher/source shared/objects shared/runtime yaml node:fs node:fs/promises node:path',
  'watcher/source/kube':
    'watcher/cut watcher/source shared/log shared/objects shared/runtime @kubernetes/client-node undici yaml zod node:*',

  // The publisher: knows no Kubernetes client and no Envoy connection.
  publisher:
    'publisher/* shared/envoy shared/log shared/objects shared/queue shared/resources shared/runtime shared/store',
  'publisher/state': 'shared/log shared/objects shared/runtime zod node:crypto',
  'publisher/world': 'shared/log shared/objects shared/runtime shared/store',
  'publisher/catalog': 'publisher/world shared/catalog shared/objects node:net',
  'publisher/fleets': 'publisher/compile publisher/world shared/envoy shared/objects shared/resources shared/store zod',
  'publisher/documents': 'publisher/fleets shared/envoy shared/runtime node:worker_threads',
  'publisher/views': 'publisher/fleets shared/catalog shared/envoy node:crypto',
  'publisher/check': 'publisher/fleets shared/envoy shared/objects shared/resources shared/store',
  'publisher/compile':
    'publisher/catalog publisher/check publisher/fleets publisher/views publisher/world shared/catalog shared/envoy shared/objects shared/resources shared/store',
  'publisher/sets':
    'publisher/compile publisher/fleets publisher/views publisher/world shared/objects shared/resources shared/runtime shared/store',

  // The edge: the protocol knows no gRPC, the transport no sets.
  'xds-edge': 'xds-edge/* shared/envoy shared/runtime shared/store',
  'xds-edge/protocol': 'xds-edge/sets shared/resources shared/store',
  'xds-edge/sets': 'shared/resources shared/store',
  'xds-edge/identity': 'shared/store',
  'xds-edge/acks': 'xds-edge/protocol shared/resources shared/runtime shared/store',
  'xds-edge/world': 'xds-edge/identity xds-edge/sets shared/resources shared/runtime shared/store zod',
  'xds-edge/streams': 'xds-edge/* shared/envoy shared/resources shared/runtime node:crypto',
  'xds-edge/transport/codec': 'xds-edge/protocol shared/resources node:crypto node:zlib',
  'xds-edge/transport/http2': 'shared/runtime node:net',
  'xds-edge/transport/grpc': 'xds-edge/transport/codec xds-edge/transport/http2 shared/envoy shared/runtime node:*',
  'xds-edge/transport/rest':
    'xds-edge/protocol xds-edge/transport/grpc shared/resources shared/runtime fastify zod node:tls',

  // The command: composition, and what operators see.
  fleetcast:
    'fleetcast/* watcher publisher xds-edge xds-edge/transport/grpc shared/* cli-table3 commander ora picocolors yaml node:*',
  'fleetcast/answers': 'shared/envoy shared/log shared/objects shared/resources shared/runtime shared/store',
  'fleetcast/files':
    'fleetcast watcher/source/folder watcher/source/kube shared/envoy shared/objects shared/resources shared/runtime node:*',
}

/** Packages that talk to the outside: each is imported in one place only. */
const ONE_PLACE: Readonly<Record<string, RegExp>> = {
  '@kubernetes/client-node': /^services\/watcher\/src\/source\/kube\//,
  ioredis: /^shared\/src\/redis\//,
  bullmq: /^shared\/src\/queue\//,
  '@grpc/grpc-js': /^services\/xds-edge\/src\/transport\//,
  '@bufbuild/protobuf': /^shared\/src\/envoy\//,
  commander: /^services\/fleetcast\/src\/command-line\.ts$/,
  pino: /^shared\/src\/runtime\/logger\.ts$/,
  'prom-client': /^shared\/src\/runtime\/metrics\.ts$/,
}

const SERVICES = ['watcher', 'publisher', 'xds-edge'] as const
/** Where services meet: all three where `up` serves, the two that can find problems in `validate`. */
const MEETING: Readonly<Record<string, number>> = {
  'services/fleetcast/src/up-serving.ts': 3,
  'services/fleetcast/src/validate.ts': 2,
}

const product = sources.filter((file) => file.isProduct)

/** The longest room of the table that holds the path. */
function roomOf(path: string): string {
  const inside = path.replace(/^services\//, '').replace('/src/', '/')
  const rooms = Object.keys(ROOMS).filter((room) => inside.startsWith(`${room}/`))
  const best = rooms.sort((a, b) => b.length - a.length)[0]
  const isDirect =
    best !== undefined && (!inside.slice(best.length + 1).includes('/') || !SERVICES_AND_COMMAND.has(best))
  return isDirect ? best : inside.split('/').slice(0, -1).join('/')
}
const SERVICES_AND_COMMAND = new Set<string>([...SERVICES, 'fleetcast'])

const isOwn = (name: string): boolean => /^(shared|services)\//.test(name)
const packageOf = (name: string): string =>
  name.startsWith('node:')
    ? name
    : name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/')
const targetOf = (name: string): string => (isOwn(name) ? roomOf(name) : packageOf(name))

function isAllowed(room: string, target: string): boolean {
  const allowed = ROOMS[room]?.split(' ') ?? []
  return allowed.some((each) => each === target || (each.endsWith('*') && target.startsWith(each.slice(0, -1))))
}

const offences = (file: SourceFile): string[] => {
  const room = roomOf(file.path)
  if (!(room in ROOMS)) return [`the room ${room} is not in the table`]
  return importsOf(file)
    .map(targetOf)
    .filter((target) => target !== room && !isAllowed(room, target))
}

describe('imports', () => {
  test.each(product.map((file) => [file.path, file] as const))('%s', (_path, file) => {
    expect(offences(file)).toEqual([])
  })

  test('no service imports another', () => {
    for (const name of SERVICES) {
      const files = product.filter((file) => file.path.startsWith(`services/${name}/`))
      expect(files.length).toBeGreaterThan(5)
      const others = files.flatMap((file) => importsOf(file).filter((to) => to.startsWith('services/')))
      expect(others.filter((to) => !to.startsWith(`services/${name}/`))).toEqual([])
    }
  })

  test('services meet in one place', () => {
    const meetings = product.flatMap((file) => {
      const imported = importsOf(file)
      const count = SERVICES.filter((name) => imported.some((to) => to.startsWith(`services/${name}/`))).length
      return count > 1 ? [[file.path, count]] : []
    })
    expect(Object.fromEntries(meetings)).toEqual(MEETING)
  })

  test.each(Object.entries(ONE_PLACE))('%s is imported in one place', (name, place) => {
    const users = product.filter((file) => importsOf(file).some((to) => packageOf(to) === name))
    expect(users.map((file) => file.path).filter((path) => !place.test(path))).toEqual([])
  })

  test('a forbidden import is found', () => {
    const planted = (path: string, text: string): SourceFile => ({
      path,
      text,
      lines: 1,
      kind: 'source',
      isProduct: true,
    })
    expect(offences(planted('services/xds-edge/src/protocol/x.ts', "import 'node:fs'"))).toEqual(['node:fs'])
    expect(offences(planted('services/watcher/src/x.ts', "import '@fleetcast/publisher/publisher'"))).toEqual([
      'publisher',
    ])
    expect(offences(planted('shared/src/objects/x.ts', "import '../log/memory.ts'"))).toEqual(['shared/log'])
    expect(offences(planted('shared/src/new/x.ts', ''))).toEqual(['the room shared/new is not in the table'])
    expect(offences(planted('services/watcher/src/new/x.ts', ''))).toEqual(['the room watcher/new is not in the table'])
  })
})
