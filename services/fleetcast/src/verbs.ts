// The table of verbs: their words are a contract. What each does stands in the file of its name, loaded when it is called.
import { atMostOne, certificatePair, clientCaNeedsCertificate, needs, plainText } from './rules.ts'
import * as settings from './settings.ts'
import { defineVerb, type Verb } from './verb.ts'

const up = defineVerb({
  name: 'up',
  summary: 'Serves a folder, or an API server, to Envoys from one process, in memory.',
  operands: { usage: '[FOLDER]', min: 0, max: 1 },
  settings: settings.upSettings,
  check: (values, [folder]) => [
    ...(folder === undefined && values.kubeconfig === undefined ? ['FOLDER is missing (or --kubeconfig)'] : []),
    ...(folder !== undefined && values.kubeconfig !== undefined ? ['FOLDER and --kubeconfig exclude each other'] : []),
    ...needs<typeof values>('context', 'kubeconfig')(values),
    ...certificatePair(values),
    ...clientCaNeedsCertificate(values),
    ...plainText<typeof values>(['listen', 'rest'], ['admin'])(values),
  ],
  load: async () => (await import('./up.ts')).up,
})

const watcher = defineVerb({
  name: 'watcher',
  summary: 'Publishes what one site (an API server or a folder) holds to the log in Redis.',
  settings: settings.watcherSettings,
  check: (values) => [
    ...atMostOne<typeof values>('folder', 'kubeconfig')(values),
    ...atMostOne<typeof values>('sealKey', 'sealKeyFile')(values),
    ...needs<typeof values>('context', 'kubeconfig')(values),
    ...plainText<typeof values>([], ['admin'])(values),
  ],
  load: async () => (await import('./watcher.ts')).watcher,
})

const publisher = defineVerb({
  name: 'publisher',
  summary: 'Compiles the logs of all sites into versioned sets of resources in Redis.',
  settings: settings.publisherSettings,
  check: (values) => [
    ...atMostOne<typeof values>('sealKey', 'sealKeyFile')(values),
    ...plainText<typeof values>([], ['admin'])(values),
  ],
  load: async () => (await import('./publisher.ts')).publisher,
})

const edge = defineVerb({
  name: 'edge',
  summary: 'Serves the sets of Redis to Envoys.',
  settings: settings.edgeSettings,
  check: (values) => [
    ...certificatePair(values),
    ...clientCaNeedsCertificate(values),
    ...atMostOne<typeof values>('sealKey', 'sealKeyFile')(values),
    ...plainText<typeof values>(['listen', 'rest'], ['admin'])(values),
  ],
  load: async () => (await import('./edge.ts')).edge,
})

const files = defineVerb({
  name: 'files',
  summary: 'Writes xDS files for an Envoy: the keys of ConfigMaps, or the resources of a fleet.',
  settings: settings.filesSettings,
  check: (values) => [
    ...(values.configmap?.length === 0 && values.fleet === undefined ? ['--configmap or --fleet is missing'] : []),
    ...(values.configmap?.length && values.fleet !== undefined ? ['--configmap and --fleet exclude each other'] : []),
    ...atMostOne<typeof values>('folder', 'kubeconfig')(values),
    ...certificatePair(values),
  ],
  load: async () => (await import('./files.ts')).files,
})

const validate = defineVerb({
  name: 'validate',
  summary: 'Says what is wrong in folders and files, without a server.',
  operands: { usage: 'FOLDER|FILE...', min: 1, max: Number.POSITIVE_INFINITY },
  settings: settings.validateSettings,
  load: async () => (await import('./validate.ts')).validate,
})

const asked = (values: { sealKey?: Uint8Array | undefined; sealKeyFile?: string | undefined }): readonly string[] =>
  atMostOne<typeof values>('sealKey', 'sealKeyFile')(values)

const status = defineVerb({
  name: 'status',
  summary: 'Shows sites, sets, nodes in short, and every problem with its place.',
  settings: settings.statusSettings,
  check: asked,
  load: async () => (await import('./status.ts')).status,
})

const nodes = defineVerb({
  name: 'nodes',
  summary: 'Shows each Envoy: its fleet, what it has taken and what it has refused.',
  settings: settings.nodesSettings,
  check: asked,
  load: async () => (await import('./nodes.ts')).nodes,
})

const diff = defineVerb({
  name: 'diff',
  summary: 'Shows what changed between two revisions of a fleet.',
  operands: { usage: 'FLEET', min: 1, max: 1 },
  settings: settings.diffSettings,
  check: asked,
  load: async () => (await import('./diff.ts')).diff,
})

const history = defineVerb({
  name: 'history',
  summary: 'Shows the revisions of a fleet, newest first.',
  operands: { usage: 'FLEET', min: 1, max: 1 },
  settings: settings.historySettings,
  check: asked,
  load: async () => (await import('./history.ts')).history,
})

const rollback = defineVerb({
  name: 'rollback',
  summary: 'Puts a fleet back to the resources of an earlier revision, as a new revision.',
  operands: { usage: 'FLEET', min: 1, max: 1 },
  settings: settings.rollbackSettings,
  check: asked,
  load: async () => (await import('./rollback.ts')).rollback,
})

const explain = defineVerb({
  name: 'explain',
  summary: 'Says where a resource stands: its fleets, revisions, links and problems.',
  operands: { usage: 'NAME', min: 1, max: 1 },
  settings: settings.explainSettings,
  check: asked,
  load: async () => (await import('./explain.ts')).explain,
})

const bootstrap = defineVerb({
  name: 'bootstrap',
  summary: "Prints an Envoy's bootstrap file for a fleet.",
  settings: settings.bootstrapSettings,
  check: (values) => [
    ...certificatePair(values),
    ...(values.protocol === 'files' && values.outputDir === undefined ? ['--protocol files needs --output-dir'] : []),
  ],
  load: async () => (await import('./bootstrap.ts')).bootstrap,
})

export const VERBS: readonly Verb[] = [
  up,
  watcher,
  publisher,
  edge,
  files,
  validate,
  status,
  nodes,
  diff,
  history,
  rollback,
  explain,
  bootstrap,
]
