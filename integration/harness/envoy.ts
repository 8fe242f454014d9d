// A real Envoy as a process of the test, and what it says of itself on its admin address.
import { request } from 'undici'
import { type BootstrapOptions, envoyBootstrap } from './bootstrap.ts'
import { type Child, startChild } from './child.ts'
import { envoyPath } from './machine.ts'
import { tempFolder } from './temp-folder.ts'
import { waitFor } from './wait-for.ts'

export interface Answer {
  readonly status: number
  readonly body: string
}

export interface Envoy extends AsyncDisposable {
  readonly child: Child
  /** host:port of the admin address. */
  readonly admin: string
  /** All counters and gauges by name. */
  stats(): Promise<ReadonlyMap<string, number>>
  /** The sum over all whose name ends so: `update_rejected` for every type at once. */
  sum(suffix: string): Promise<number>
  configDump(): Promise<unknown>
  /** The text of an admin path: `/clusters`, `/listeners`, `/server_info`. */
  ask(path: string): Promise<string>
  /** A request through one of its listeners. */
  get(port: number, path: string, headers?: Readonly<Record<string, string>>): Promise<Answer>
  stop(): Promise<void>
}

export type EnvoyOptions = (BootstrapOptions | { readonly bootstrap: string }) & { readonly logLevel?: string }

/** Resolves once its admin address answers; it may have no configuration yet. */
export async function startEnvoy(options: EnvoyOptions): Promise<Envoy> {
  const folder = tempFolder()
  folder.write('envoy.yaml', 'bootstrap' in options ? options.bootstrap : envoyBootstrap(options))
  const child = startChild({
    command: envoyPath() ?? 'envoy',
    args: [
      ...['-c', `${folder.path}/envoy.yaml`, '--admin-address-path', `${folder.path}/admin`],
      ...['--use-dynamic-base-id', '--concurrency', '1', '-l', options.logLevel ?? 'warning'],
    ],
  })
  const admin = await waitFor('the address of an Envoy', () => {
    if (!child.isRunning()) throw new Error(child.stderr().slice(-2_000))
    return folder.read('admin') || undefined
  })
  const ask = async (path: string): Promise<string> => (await get(`http://${admin}${path}`)).body
  await waitFor('an Envoy to answer', async () => (await ask('/server_info')).length > 0)
  const stats = async (): Promise<ReadonlyMap<string, number>> => parseStats(await ask('/stats'))
  const stop = async (): Promise<void> => {
    await child.stop(2_000)
    folder[Symbol.dispose]()
  }
  return {
    child,
    admin,
    ask,
    stats,
    sum: async (suffix) => {
      const found = [...(await stats())].filter(([name]) => name.endsWith(suffix))
      return found.reduce((total, [, value]) => total + value, 0)
    },
    configDump: async () => JSON.parse(await ask('/config_dump?include_eds')) as unknown,
    get: (port, path, headers) => get(`http://127.0.0.1:${port}${path}`, headers),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

async function get(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const response = await request(url, { headers: { ...headers }, headersTimeout: 5_000, bodyTimeout: 5_000 })
  return { status: response.statusCode, body: await response.body.text() }
}

/** Lines `name: number`; histograms and texts are left out. */
const parseStats = (text: string): ReadonlyMap<string, number> =>
  new Map([...text.matchAll(/^(\S+): (\d+)$/gm)].map(([, name = '', value]) => [name, Number(value)]))
