// Who we are to an API server and how it proves itself, read anew when files rotate. Contents are never logged (rule 8).
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { RequestOptions } from 'node:https'
import { type Account, type Held, type KubeAccess, readAccount } from './kubeconfig.ts'

export interface Credentials {
  readonly server: string
  readonly headers: Readonly<Record<string, string>>
  readonly tls: Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>
  readonly proxy?: string
  /** Equal while connections made with them can be used on. */
  readonly fingerprint: string
}

export interface Identity {
  readonly account: Account
  /** Asks for what only a plugin knows; resolves to nothing for users without one. */
  readonly ask: () => Promise<RequestOptions>
}

/** Reads the kubeconfig again. Throws with a message that names what is wrong. */
export function readIdentity(access: KubeAccess): Identity {
  const account = readAccount(access)
  const { kubeconfig } = access
  let plugin: Promise<() => Promise<RequestOptions>> | undefined
  return {
    account,
    async ask() {
      if (!account.asksPlugin || kubeconfig === undefined) return {}
      plugin ??= import('./plugin.ts').then(({ createPlugin }) => createPlugin(kubeconfig, account.context))
      return (await plugin)()
    },
  }
}

/** The credentials as they are now: certificates and tokens are read from their files, a plugin is asked when its token expired. */
export async function readCredentials({ account, ask }: Identity): Promise<Credentials> {
  const { server, serverName, skipsVerifying, proxy, login, impersonates } = account
  const asked = await ask()
  const [ca, cert, key, token] = await Promise.all([account.ca, account.cert, account.key, account.token].map(readHeld))
  const tls = {
    ...given('ca', ca),
    ...given('cert', cert ?? asked.cert),
    ...given('key', key ?? asked.key),
    ...given('servername', serverName),
    ...(skipsVerifying ? { rejectUnauthorized: false } : {}),
  }
  const basic = login && `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`
  const authorization = token === undefined ? basic : `Bearer ${token.toString('utf8').trim()}`
  return {
    server,
    headers: {
      ...textHeaders(asked.headers),
      ...given('Authorization', authorization),
      ...given('Impersonate-User', impersonates),
    },
    tls,
    ...given('proxy', proxy),
    fingerprint: fingerprintOf([server, proxy, tls.ca, tls.cert, tls.key, serverName, skipsVerifying]),
  }
}

async function readHeld(held: Held | undefined): Promise<Buffer | undefined> {
  if (held === undefined) return undefined
  return 'file' in held ? readFile(held.file) : Buffer.from(held.data)
}

const given = <K extends string, T>(key: K, value: T | undefined): { [P in K]?: T } =>
  value === undefined ? {} : ({ [key]: value } as { [P in K]: T })

const textHeaders = (headers: RequestOptions['headers']): Record<string, string> =>
  Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, String(value).trim()]))

function fingerprintOf(parts: readonly unknown[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(Buffer.isBuffer(part) ? part : String(part)).update('\0')
  return hash.digest('hex')
}

/** Changes when the kubeconfig itself was written anew. */
export function stampOf({ kubeconfig }: KubeAccess): string {
  if (kubeconfig === undefined) return ''
  try {
    return createHash('sha256').update(readFileSync(kubeconfig)).digest('hex')
  } catch {
    return ''
  }
}
