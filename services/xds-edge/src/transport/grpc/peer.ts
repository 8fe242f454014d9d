// Who is at the other end of a socket, as its verified certificate says.
import { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { formatAddress } from '@fleetcast/shared/runtime/address'
import type { Peer } from './call.ts'

export function peerOf(socket: Socket): Peer {
  const address = formatAddress({ host: socket.remoteAddress ?? 'unknown', port: socket.remotePort ?? 0 })
  if (!(socket instanceof TLSSocket) || !socket.authorized) return { address, names: undefined }
  const raw = socket.getPeerCertificate().raw
  const names = raw === undefined ? [] : subjectNames(new X509Certificate(raw).subjectAltName ?? '')
  return { address, names }
}

/** Node writes them as `DNS:a.example, URI:spiffe://b/c`, in JSON quotes where one holds a comma or quote. */
export function subjectNames(text: string): readonly string[] {
  const names: string[] = []
  for (const [, kind, quoted, plain] of text.matchAll(/(?:^|, )([A-Za-z ]+):(?:("(?:[^"\\]|\\.)*")|([^,]*))/g)) {
    if (kind !== 'DNS' && kind !== 'URI') continue
    names.push(quoted === undefined ? (plain ?? '') : String(JSON.parse(quoted)))
  }
  return names
}
