// deploy/compose.yaml, started service by service with testcontainers: a machine of tests may have no compose plugin. Knows
// the keys that the file uses, and fails for any other, so that nothing in it goes unread.
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { GenericContainer, Network, type StartedNetwork, type StartedTestContainer, Wait } from 'testcontainers'
import { parse } from 'yaml'

const file = join(import.meta.dirname, '../../deploy/compose.yaml')

/** What is read of a service. */
interface Service {
  readonly image: string
  readonly command: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly volumes?: readonly string[]
  readonly ports?: readonly string[]
  readonly depends_on?: Readonly<Record<string, { readonly condition: 'service_healthy' }>>
  readonly deploy?: { readonly replicas: number }
  readonly healthcheck?: { readonly test: readonly string[]; readonly retries: number }
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
  readonly security_opt?: readonly string[]
  readonly init?: boolean
}
const READ =
  'image command environment volumes ports depends_on deploy healthcheck read_only cap_drop security_opt init'
/** The image is built before, and a network of tests has addresses of its own. */
const LEFT_OUT = 'build restart networks'

export interface Composition extends AsyncDisposable {
  /** Starts all replicas of these services, in this order. */
  start(...names: readonly string[]): Promise<void>
  /** The replicas of a service that were started. */
  replicas(name: string): readonly StartedTestContainer[]
  /** The address of a service's only replica in the network. */
  addressOf(name: string): string
  /** host:port of the machine that reaches the container's port. */
  reach(container: StartedTestContainer, port: number): string
}

/** `variables` stand for ${NAME:-default}; `mounts` put another folder in a mounted one's place. Nothing is started yet. */
export async function compose(
  variables: Readonly<Record<string, string>>,
  mounts: Readonly<Record<string, string>>,
): Promise<Composition> {
  const text = readFileSync(file, 'utf8').replaceAll(
    /\$\{(\w+):-([^}]*)\}/g,
    (_all, name: string, byDefault: string) => variables[name] ?? byDefault,
  )
  const { services } = parse(text, { merge: true }) as { services: Readonly<Record<string, Service>> }
  // In place of named volumes, which would outlive a test that is killed. Whatever user a container has may write there.
  const volumes = mkdtempSync(join(tmpdir(), 'fleetcast-volumes-'))
  chmodSync(volumes, 0o777)
  const network = await new Network().start()
  const started = new Map<string, StartedTestContainer[]>()

  const startService = async (name: string): Promise<void> => {
    const described = services[name]
    if (!described) throw new Error(`compose.yaml has no service ${name}`)
    const unread = Object.keys(described).filter((key) => !`${READ} ${LEFT_OUT}`.split(' ').includes(key))
    if (unread.length > 0) throw new Error(`${name} of compose.yaml has ${unread.join(', ')}, which this does not read`)
    const absent = Object.keys(described.depends_on ?? {}).filter((other) => !started.has(other))
    if (absent.length > 0) throw new Error(`${name} starts before ${absent.join(', ')}`)
    const replicas = Array.from({ length: described.deploy?.replicas ?? 1 }, () =>
      containerOf(name, described, network, (from) => mounts[from] ?? folderOf(from, volumes)).start(),
    )
    started.set(name, await Promise.all(replicas))
  }

  return {
    start: async (...names) => {
      for (const name of names) await startService(name)
    },
    replicas: (name) => started.get(name) ?? [],
    addressOf: (name) => started.get(name)?.[0]?.getIpAddress(network.getName()) ?? '',
    reach: (container, port) => `${container.getHost()}:${container.getMappedPort(port)}`,
    [Symbol.asyncDispose]: async () => {
      // testcontainers gives up on a container that a test has stopped.
      const ids = [...started.values()].flat().map((container) => container.getId())
      if (ids.length > 0) execFileSync('docker', ['rm', '--force', '--volumes', ...ids], { stdio: 'ignore' })
      await network.stop()
      rmSync(volumes, { recursive: true, force: true })
    },
  }
}

/** Of testcontainers' own, these two can't be said. */
class Container extends GenericContainer {
  withEngineOptions(options: { readonly ReadonlyRootfs: boolean; readonly Init: boolean }): this {
    Object.assign(this.hostConfig, options)
    return this
  }
}

function containerOf(
  name: string,
  described: Service,
  network: StartedNetwork,
  sourceOf: (mounted: string) => string,
): GenericContainer {
  const { image, command, healthcheck, environment = {}, volumes = [], ports = [] } = described
  const admin = /:(\d+)$/.exec(environment.FLEETCAST_ADMIN ?? '')?.[1]
  const exposed = [...ports.map((port) => port.split(':').at(-1)), admin].flatMap((port) =>
    port ? [Number(port)] : [],
  )
  const container = new Container(image)
    .withNetwork(network)
    .withNetworkAliases(name)
    .withCommand([...command])
    .withEnvironment({ ...environment })
    .withDroppedCapabilities(...(described.cap_drop ?? []))
    .withSecurityOpt(...(described.security_opt ?? []))
    .withExposedPorts(...exposed)
    .withEngineOptions({ ReadonlyRootfs: described.read_only ?? false, Init: described.init ?? false })
    // Tests ask a role whether it is ready; only what others depend on is waited for here.
    .withWaitStrategy(healthcheck ? Wait.forHealthCheck() : Wait.forAll([]))
    .withAutoRemove(false)
    .withBindMounts(volumes.map((volume) => bindOf(volume, sourceOf)))
  if (!healthcheck) return container
  const [kind = '', ...check] = healthcheck.test
  if (kind !== 'CMD') throw new Error(`the healthcheck of ${name} is a ${kind}, which this does not know`)
  return container.withHealthCheck({
    test: [kind, ...check],
    interval: 1_000,
    timeout: 3_000,
    retries: healthcheck.retries,
  })
}

/** A path is one beside the file; a name is a volume. */
const folderOf = (from: string, volumes: string): string => (from.startsWith('.') ? join(dirname(file), from) : volumes)

function bindOf(volume: string, sourceOf: (mounted: string) => string): BindMount {
  const [from = '', target = '', mode] = volume.split(':')
  return { source: sourceOf(from), target, mode: mode === 'ro' ? 'ro' : 'rw' }
}

type BindMount = Parameters<GenericContainer['withBindMounts']>[0][number]
