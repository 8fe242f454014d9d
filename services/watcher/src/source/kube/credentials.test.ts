// Kubeconfig files as kubectl writes and reads them: what is sent and trusted for each, and what is said of wrong ones.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readEnvironment } from '@fleetcast/shared/runtime/config'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readCredentials, readIdentity } from './credentials.ts'

let folder: string
const file = (name: string): string => join(folder, name)
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fleetcast-kubeconfig-'))
  for (const name of ['ca', 'cert', 'key', 'token']) writeFileSync(file(name), `the ${name}\n`)
})
afterAll(() => rmSync(folder, { recursive: true }))

const base64 = (text: string): string => Buffer.from(text).toString('base64')

function kubeconfig(cluster: object, user: object, rest: object = {}): string {
  const path = file('kubeconfig')
  const config = {
    'current-context': 'here',
    clusters: [
      { name: 'other', cluster: { server: 'https://other' } },
      { name: 'c', cluster: { server: 'https://h:1/', ...cluster } },
    ],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'here', context: { cluster: 'c', user: 'u' } }],
    ...rest,
  }
  writeFileSync(path, JSON.stringify(config))
  return path
}

const https = { server: 'https://h:1', headers: {}, tls: {} }
const bearer = (token: string) => ({ ...https, headers: { Authorization: `Bearer ${token}` } })
const tls = (of: object) => ({ ...https, tls: of })
const bytes = (text: string): Buffer => Buffer.from(text)
const exec = {
  exec: {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: 'sh',
    args: ['-c', `echo '{"apiVersion":"client.authentication.k8s.io/v1","status":{"token":"asked"}}'`],
    interactiveMode: 'Never',
  },
}

const rows: readonly [string, object, object, object][] = [
  ['nothing', {}, {}, https],
  ['a token', {}, { token: 'one' }, bearer('one')],
  ["a token's file, which goes first", {}, { token: 'one', tokenFile: 'token' }, bearer('the token')],
  ['a login', {}, { username: 'u', password: 'p' }, { ...https, headers: { Authorization: `Basic ${base64('u:p')}` } }],
  ['another user', {}, { as: 'jane' }, { ...https, headers: { 'Impersonate-User': 'jane' } }],
  ['files beside it', { 'certificate-authority': 'ca' }, {}, tls({ ca: bytes('the ca\n') })],
  [
    'data, which goes first',
    { 'certificate-authority': 'ca', 'certificate-authority-data': base64('CA') },
    {},
    tls({ ca: bytes('CA') }),
  ],
  [
    'a client certificate',
    {},
    { 'client-certificate': 'cert', 'client-key-data': base64('KEY') },
    tls({ cert: bytes('the cert\n'), key: bytes('KEY') }),
  ],
  ['a name to verify', { 'tls-server-name': 'x' }, {}, tls({ servername: 'x' })],
  ['no verifying', { 'insecure-skip-tls-verify': true }, {}, tls({ rejectUnauthorized: false })],
  ['a proxy', { 'proxy-url': 'http://p:3' }, {}, { ...https, proxy: 'http://p:3' }],
  ['nulls for nothing', { 'proxy-url': null }, { token: null, exec: null }, https],
  ['a program', {}, exec, bearer('asked')],
]
it.each(rows)('%s', async (_name, cluster, user, expected) => {
  const path = kubeconfig(cluster, user)
  const { fingerprint: _, ...credentials } = await readCredentials(readIdentity({ kubeconfig: path }))
  expect(credentials).toEqual(expected)
})

const SECRET = 'PASSWORD'
it.each<[string, () => string, string | undefined, RegExp]>([
  ['no file', () => file('absent'), undefined, /^--kubeconfig: .*absent can not be read: ENOENT/],
  ['no such context', () => kubeconfig({}, {}), 'x', /^--context: .* has no context "x"$/],
  ['no such cluster', () => kubeconfig({}, {}, { clusters: [] }), undefined, /has no cluster "c"$/],
  ['no address', () => kubeconfig({ server: 'x' }, {}), undefined, /names no API server$/],
  ['plain text', () => kubeconfig({ server: 'http://h' }, {}), undefined, /plain text needs insecure-skip-tls-verify$/],
  ['a wrong field', () => kubeconfig({}, { token: { a: SECRET } }), undefined, /user "u": token: .*expected string/],
  [
    'a secret where YAML ends',
    () => broken(`users: [{ token: "${SECRET}`),
    undefined,
    /can not be read: it is no YAML$/,
  ],
])('%s is refused, without a secret', (_name, path, context, message) => {
  const refused = (): unknown => readIdentity({ kubeconfig: path(), ...(context === undefined ? {} : { context }) })
  expect(refused).toThrow(message)
  expect(refused).not.toThrow(SECRET)
})

function broken(text: string): string {
  writeFileSync(file('broken'), text)
  return file('broken')
}

it.runIf(readEnvironment().KUBERNETES_SERVICE_HOST === undefined)(
  'outside of a cluster there is none of its own',
  () => {
    expect(() => readIdentity({})).toThrow(/names no API server \(is this process in a cluster\?\)$/)
  },
)
