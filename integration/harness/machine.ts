// What this machine has of the real parts that tests and benchmarks talk to. Never installs anything: `npm test` does that
// first.
import { execFileSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { env, getuid, platform } from 'node:process'

export type Part = 'redis' | 'envoy' | 'kube' | 'docker' | 'upstreams' | 'go'

/** True in CI, where nothing may be skipped. */
export const isCi = env.CI === 'true'

/** Where the environment's scripts keep what they built. */
const cacheBin = join(env.XDSENV_HOME ?? join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'xds-env'), 'bin')

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const onPath = (name: string): string | undefined =>
  (env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable)

const inCache = (name: string): string | undefined => [join(cacheBin, name)].find(isExecutable)

/** In the order that `npm start` uses too. */
export const envoyPath = (): string | undefined => env.ENVOY_BIN ?? onPath('envoy') ?? inCache('envoy')
export const redisPath = (): string | undefined => onPath('redis-server')
export const toxiproxyPath = (): string | undefined => inCache('toxiproxy-server')
export const goPath = (): string | undefined => env.GO_BIN ?? onPath('go')

const hasDocker = (): boolean => {
  try {
    execFileSync('docker', ['version', '--format', '{{.Server.Version}}'], { stdio: 'ignore', timeout: 5_000 })
    return true
  } catch {
    return false
  }
}

/** The parts that `npm test` could not get, by the names of its set-up. */
const notPrepared = new Set((env.FLEETCAST_TEST_MISSING ?? '').split(','))

/** Why a part can't be used here, or undefined where it can. */
export function missing(part: Part): string | undefined {
  if (notPrepared.has(part === 'docker' ? 'images' : part)) return `${part} could not be prepared`
  switch (part) {
    case 'redis':
      return redisPath() ? undefined : 'no redis-server on the PATH'
    case 'envoy':
      return envoyPath() ? undefined : 'no Envoy: neither ENVOY_BIN, nor on the PATH, nor in the cache'
    case 'kube':
      return inCache('kube-apiserver') && inCache('etcd') ? undefined : 'no kube-apiserver and etcd in the cache'
    case 'docker':
      return hasDocker() ? undefined : 'no Docker engine answers'
    case 'go':
      return goPath() ? undefined : 'no Go: neither GO_BIN, nor on the PATH'
    case 'upstreams':
      return platform === 'linux' && getuid?.() === 0 ? undefined : 'network namespaces need root on Linux'
  }
}
