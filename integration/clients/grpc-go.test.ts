// gRPC for Go as a client and a server without a proxy: the same as gRPC for Node is put through (rules 86 to 91).
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { env } from 'node:process'
import { describeWith } from '../harness/describe-with.ts'
import { goPath } from '../harness/machine.ts'
import { testPeer } from './grpc-scenarios.ts'

const folder = join(import.meta.dirname, 'go')

/** What is built already is built again in no time. */
function build(): { readonly command: string; readonly args: readonly string[] } {
  execFileSync(goPath() ?? 'go', ['build', '-o', 'bin/', '.'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...env, GOTOOLCHAIN: 'local' },
  })
  return { command: join(folder, 'bin/grpcpeer'), args: [] }
}

describeWith(['go'], 'with Go', () => testPeer('grpc-go', build))
