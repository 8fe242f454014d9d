// gRPC for Node as a client without a proxy, over the whole path: a folder, `fleetcast up`, a real upstream (rules 86 to 91).
import { join } from 'node:path'
import { execPath } from 'node:process'
import { testPeer } from './grpc-scenarios.ts'

testPeer('grpc-js', () => ({ command: execPath, args: [join(import.meta.dirname, 'grpc-js/peer.ts')] }))
