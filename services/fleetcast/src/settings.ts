// Every setting of every verb, once. Names become flags and variables: `stateDir` is --state-dir and FLEETCAST_STATE_DIR.
import { parseRedisUrl } from '@fleetcast/shared/redis/redis-url'
import {
  address,
  choice,
  count,
  duration,
  flag,
  path,
  several,
  text,
  textThat,
  word,
} from '@fleetcast/shared/runtime/setting'
import { parseSealKey } from './seal-key.ts'

const logLevel = choice(['debug', 'info', 'warn', 'error', 'silent'])

const process = {
  logLevel: logLevel('How much is written to standard error.', { default: 'info' }),
}

const insecure = flag('Allows plain text on addresses that other machines reach.')

const admin = (port: number) =>
  address('Where /readyz, /livez, /metrics and /status are served.', { default: `127.0.0.1:${port}` })

const redisUrl = textThat(
  'a Redis URL: redis:// or rediss://, with -cluster or -sentinel before the colon',
  'URL',
  (given) => {
    try {
      parseRedisUrl(given)
      return given
    } catch {
      return undefined
    }
  },
)

const sealKey = textThat('32 bytes in base64', 'KEY', parseSealKey)

const sealing = {
  prefix: word('What every key in Redis starts with.', { default: 'fleetcast' }),
  sealKey: sealKey('Seals Secrets in Redis: 32 bytes in base64.', { secret: true, environmentOnly: true }),
  sealKeyFile: path('A file that holds the seal key.'),
}

/** What opens the log, the store and the queue. */
export const redis = {
  redis: redisUrl('The Redis that the roles share.', { default: 'redis://127.0.0.1:6379', secret: true }),
  ...sealing,
}

const kube = {
  kubeconfig: path('Reads objects from the API server that this file names.'),
  context: text('The context of the kubeconfig file; its current one where this is left out.'),
}

const serve = {
  listen: address('Where Envoys ask by gRPC.', { default: '127.0.0.1:18000' }),
  rest: address('Where Envoys ask by REST; not served where this is left out.'),
  tlsCert: path('The certificate chain (PEM) that the xDS addresses show; read again when it changes.'),
  tlsKey: path('The private key (PEM) of the certificate.'),
  clientCa: path('Only clients with a certificate of these authorities (PEM) are served; needs --tls-cert.'),
  insecure,
}

export const upSettings = {
  ...process,
  ...kube,
  ...serve,
  admin: admin(18001),
  site: word('The name of the one site.', { default: 'local' }),
}

export const watcherSettings = {
  ...process,
  ...redis,
  ...kube,
  site: word('The name of the site (Kubernetes cluster or folder) that is watched.', { required: true }),
  folder: path('Reads objects from the manifests of this folder instead of an API server.'),
  admin: admin(18003),
  insecure,
}

export const publisherSettings = {
  ...process,
  ...redis,
  drain: flag('Does what is due, then exits.'),
  stateDir: path('Keeps the last synced objects of each site over a restart.'),
  admin: admin(18002),
  insecure,
}

export const edgeSettings = {
  ...process,
  ...redis,
  ...serve,
  fleets: several(text('Serves only the fleets whose names match; * stands for any characters.', { value: 'GLOB' })),
  stateDir: path('Keeps the last sets, to serve them when Redis is absent at start.'),
  admin: admin(18001),
}

export const filesSettings = {
  ...process,
  ...kube,
  configmap: several(word('Writes the keys of these ConfigMaps as files.')),
  fleet: word('Writes the resources of this fleet as files, asked from an edge.'),
  edge: address('The edge that is asked.', { default: '127.0.0.1:18000' }),
  outputDir: path('The folder that the files are written to.', { required: true }),
  onetime: flag('Writes once, then exits.'),
  namespace: word('The namespace of the ConfigMaps; where this is left out, that of the kubeconfig file or the Pod.'),
  folder: path('Reads the ConfigMaps from the manifests of this folder instead of an API server.'),
  removeAfter: duration('How long a file whose key is gone stays, so that nothing refers to it any more.', {
    default: '5s',
  }),
  dryRun: flag('Says what would be written, and writes nothing.'),
  edgeCa: path('Asks the edge by TLS, and trusts these authorities (PEM).'),
  tlsCert: path('The client certificate (PEM) that the edge is shown.'),
  tlsKey: path('The private key (PEM) of the client certificate.'),
  insecure,
}

const json = flag('Prints JSON.')
export const validateSettings = { ...process, json }

const ask = {
  admin: address('The admin address that is asked.', { default: '127.0.0.1:18001' }),
  redis: redisUrl('Asks this Redis instead of an admin address.', { secret: true }),
  ...sealing,
  json,
}

export const statusSettings = ask
export const nodesSettings = { ...ask, fleet: word('Only the nodes of this fleet.') }
export const historySettings = { ...ask, limit: count('How many revisions at most.', { default: '20' }) }
export const diffSettings = {
  ...ask,
  from: count('The earlier revision; the one before --to where this is left out.'),
  to: count('The later revision; the present one where this is left out.'),
}
export const rollbackSettings = { ...ask, to: count('The revision that the fleet goes back to.', { required: true }) }
export const explainSettings = { ...ask, fleet: word('Only in this fleet.') }

export const bootstrapSettings = {
  fleet: word('The fleet: becomes node.cluster.', { required: true }),
  edge: address('The address of an edge.', { default: '127.0.0.1:18000' }),
  nodeId: text('node.id; the host name where this is left out.'),
  protocol: choice(['delta', 'sotw', 'rest', 'files', 'grpc'])(
    'How the Envoy asks; grpc: for an application without an Envoy, as JSON.',
    { default: 'delta' },
  ),
  outputDir: path('The folder that `fleetcast files` writes to, for --protocol files.'),
  envoyAdmin: address("Where the Envoy's own admin address listens.", { default: '127.0.0.1:19000' }),
  edgeCa: path('Asks the edge by TLS, and trusts these authorities (PEM).'),
  tlsCert: path('The client certificate (PEM) that the edge is shown.'),
  tlsKey: path('The private key (PEM) of the client certificate.'),
  json,
}
