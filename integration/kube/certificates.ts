// Certificates of a test's own authority, made with openssl, for the server side of a fault proxy.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Certificates {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/** `name` keeps several authorities apart in one folder. */
export function makeCertificates(folder: string, name: string): Certificates {
  const file = (suffix: string): string => join(folder, `${name}-${suffix}`)
  const openssl = (...args: readonly string[]): void => void execFileSync('openssl', args, { stdio: 'ignore' })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  openssl(
    'req',
    '-x509',
    ...key,
    '-keyout',
    file('ca.key'),
    '-out',
    file('ca.crt'),
    '-subj',
    `/CN=${name}`,
    '-days',
    '2',
  )
  openssl('req', '-new', ...key, '-keyout', file('tls.key'), '-subj', '/CN=proxy', '-out', file('tls.csr'))
  writeFileSync(file('ext'), 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth')
  const sign = [
    '-CA',
    file('ca.crt'),
    '-CAkey',
    file('ca.key'),
    '-CAcreateserial',
    '-days',
    '2',
    '-extfile',
    file('ext'),
  ]
  openssl('x509', '-req', '-in', file('tls.csr'), ...sign, '-out', file('tls.crt'))
  const read = (suffix: string): string => readFileSync(file(suffix), 'utf8')
  return { ca: read('ca.crt'), cert: read('tls.crt'), key: read('tls.key') }
}
