// A whole edge behind TLS, asked by grpc-js and by HTTPS: who is let in, what a certificate proves, and how the server's own
// is replaced while streams stand.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { CLUSTER } from '@fleetcast/shared/resources/types'
import type { Clock } from '@fleetcast/shared/runtime/clock'
import { silentLogger } from '@fleetcast/shared/runtime/logger'
import { fleetSet } from '@fleetcast/shared/store/directory'
import { describe, expect, test } from 'vitest'
import { afterTest, cluster, node, type Running, type StartOptions, startEdge } from './testing/running-edge.ts'
import { API, AUTHORITY, RENEWED, SERVER, STRANGER, type TestPair, WEB } from './testing/test-certificates.ts'
import { type Certificates, readCertificates } from './transport/grpc/certificates.ts'
import {
  ask as askOnce,
  connectSecurely,
  connectTo,
  deltaRequest,
  openStream,
  type TestStream,
} from './transport/testing/client.ts'

const CSDS = '/envoy.service.status.v3.ClientStatusDiscoveryService/FetchClientStatus'

interface Files {
  readonly certificates: Certificates
  write(cert: string, key: string): void
  /** Lets the time of the next look come, and waits until it is over. */
  look(): Promise<void>
  readonly warned: string[]
}

async function files({ isClientAsked }: { readonly isClientAsked: boolean }): Promise<Files> {
  const folder = mkdtempSync(join(tmpdir(), 'edge-tls-'))
  afterTest(() => rmSync(folder, { recursive: true }))
  const [certFile, keyFile, clientCaFile] = ['tls.crt', 'tls.key', 'ca.crt'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  const write = (cert: string, key: string): void => {
    writeFileSync(certFile, cert)
    writeFileSync(keyFile, key)
  }
  write(SERVER.cert, SERVER.key)
  writeFileSync(clientCaFile, AUTHORITY)
  let due: (() => void) | undefined
  const clock: Clock = {
    now: () => 0,
    after(_ms, run) {
      due = run
      return () => {
        due = undefined
      }
    },
  }
  const warned: string[] = []
  const logger = { ...silentLogger, warn: (_fields: object, message: string) => void warned.push(message) }
  const named = { certFile, keyFile, ...(isClientAsked ? { clientCaFile } : {}) }
  return {
    certificates: await readCertificates(named, clock, logger),
    write,
    warned,
    async look() {
      const run = due
      due = undefined
      run?.()
      await expect.poll(() => due).toBeDefined()
    },
  }
}

const start = (certificates: Certificates, fleet: StartOptions['fleet'] = {}): Promise<Running> =>
  startEdge({ fleet, edge: { certificates, rest: { host: '127.0.0.1', port: 0 } } })

function ask({ edge }: Running, identity?: TestPair): TestStream {
  const client = connectSecurely(edge.addresses().grpc!.port, AUTHORITY, identity)
  afterTest(() => client.close())
  const stream = openStream(client, 'delta')
  stream.send(deltaRequest({ node, type: CLUSTER }))
  return stream
}

/** The certificate that a new connection is shown. */
const shownAt = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ca: AUTHORITY, ALPNProtocols: ['h2', 'http/1.1'] }, () => {
      const { raw } = socket.getPeerCertificate()
      socket.destroy()
      resolve(raw.toString('base64'))
    }).on('error', reject)
  })
const derOf = ({ cert }: TestPair): string => cert.replace(/-----.*-----|\n/g, '')

describe('who is let in', () => {
  test('without a client authority: whoever trusts the server', async () => {
    const { certificates } = await files({ isClientAsked: false })
    expect((await ask(await start(certificates)).next()).names.length).toBe(2)
  })

  test('plain text is not', async () => {
    const { certificates } = await files({ isClientAsked: false })
    const { edge } = await start(certificates)
    const client = connectTo(edge.addresses().grpc!.port)
    afterTest(() => client.close())
    const stream = openStream(client, 'delta')
    stream.send(deltaRequest({ node, type: CLUSTER }))
    expect((await stream.ended).code).toBe(14)
  })

  test.each<[string, TestPair | undefined, string[], string]>([
    ['a URI of the certificate', WEB, ['spiffe://mesh/*'], 'served'],
    ['a DNS name of the certificate', WEB, ['web.mesh'], 'served'],
    ['rule 10: another name', WEB, ['spiffe://mesh/api'], 'code 7, a certificate for spiffe://mesh/web, web.mesh'],
    ['the same name by another authority', STRANGER, ['spiffe://mesh/*'], 'code 14'],
    ['no certificate', undefined, ['spiffe://mesh/*'], 'code 14'],
  ])('with a client authority: %s', async (_name, identity, wanted, outcome) => {
    const { certificates } = await files({ isClientAsked: true })
    const stream = ask(await start(certificates, { nodes: { cluster: ['web'], identity: wanted } }), identity)
    const served = stream.next().then(() => 'served')
    const ended = stream.ended.then(({ code, details }) => {
      const [, shown] = /this connection has (.*)/.exec(details) ?? []
      return shown === undefined ? `code ${code}` : `code ${code}, ${shown}`
    })
    expect(await Promise.race([served, ended])).toBe(outcome)
  })
})

describe('the certificate is replaced', () => {
  test('for new connections by gRPC and REST, while streams stand', async () => {
    const { certificates, write, look } = await files({ isClientAsked: false })
    const running = await start(certificates)
    const { grpc, rest } = running.edge.addresses()
    const stream = ask(running)
    const { nonce } = await stream.next()
    stream.send(deltaRequest({ type: CLUSTER, nonce }))
    expect([await shownAt(grpc!.port), await shownAt(rest!.port)]).toEqual([derOf(SERVER), derOf(SERVER)])
    write(RENEWED.cert, RENEWED.key)
    await look()
    expect([await shownAt(grpc!.port), await shownAt(rest!.port)]).toEqual([derOf(RENEWED), derOf(RENEWED)])
    await running.put(fleetSet('web'), [cluster('a', 'after the renewal')])
    expect((await stream.next()).names).toEqual(['a'])
    expect((await ask(running).next()).names.length).toBe(2)
  })

  test('files that do not fit are passed over, with one warning', async () => {
    const { certificates, write, look, warned } = await files({ isClientAsked: false })
    const running = await start(certificates)
    write(RENEWED.cert, SERVER.key)
    await look()
    await look()
    expect(await shownAt(running.edge.addresses().grpc!.port)).toBe(derOf(SERVER))
    expect(warned.length).toBe(1)
    write(RENEWED.cert, RENEWED.key)
    await look()
    expect(await shownAt(running.edge.addresses().grpc!.port)).toBe(derOf(RENEWED))
  })
})

test('rule 10: REST asks for the same identity', async () => {
  const { certificates } = await files({ isClientAsked: true })
  const nodes = { cluster: ['web'], identity: ['spiffe://mesh/api'] }
  const { edge } = await start(certificates, { nodes })
  const options = {
    ...{ host: '127.0.0.1', port: edge.addresses().rest!.port, path: '/v3/discovery:clusters', method: 'POST' },
    ...{ ca: AUTHORITY, ...WEB, servername: 'edge.test', headers: { 'content-type': 'application/json' } },
  }
  const status = await new Promise((resolve, reject) => {
    request(options, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end(JSON.stringify({ node }))
  })
  expect(status).toBe(403)
})

test('rule 10: the status of nodes is for those who may have their fleet', async () => {
  const { certificates } = await files({ isClientAsked: true })
  const running = await start(certificates, { nodes: { cluster: ['web'], identity: ['spiffe://mesh/web'] } })
  await ask(running, WEB).next()
  const asked = async (identity: TestPair): Promise<number> => {
    const client = connectSecurely(running.edge.addresses().grpc!.port, AUTHORITY, identity)
    afterTest(() => client.close())
    const { message, status } = await askOnce(client, CSDS, Buffer.alloc(0))
    expect(status.code).toBe(0)
    return message?.length ?? 0
  }
  expect(await asked(WEB)).toBeGreaterThan(100)
  expect(await asked(API)).toBe(0)
})
