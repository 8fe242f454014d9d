// The command under test: the bin of the workspace, under the Node of the tests, in a process group of its own.
import { join } from 'node:path'
import { execPath } from 'node:process'
import { request } from 'undici'
import { type Child, startChild } from './child.ts'
import { waitFor } from './wait-for.ts'

const root = join(import.meta.dirname, '../..')

export interface Fleetcast extends Child {
  /** The body of a path of its admin address. */
  ask(path: string): Promise<{ readonly status: number; readonly body: string }>
  /** Resolves once /readyz says 200. */
  ready(timeoutMs?: number): Promise<void>
}

export interface FleetcastOptions {
  /** host:port of the `--admin` among the arguments. */
  readonly admin?: string
  readonly environment?: Readonly<Record<string, string>>
}

/** `fleetcast ARGS`. Does not wait for anything. */
export function fleetcast(args: readonly string[], { admin, environment }: FleetcastOptions = {}): Fleetcast {
  const child = startChild({
    command: execPath,
    args: [join(root, 'node_modules/.bin/fleetcast'), ...args, ...(admin === undefined ? [] : ['--admin', admin])],
    cwd: root,
    environment: { NO_COLOR: '1', ...environment },
  })
  const ask = async (path: string): Promise<{ status: number; body: string }> => {
    const { statusCode, body } = await request(`http://${admin}${path}`, { headersTimeout: 5_000, bodyTimeout: 5_000 })
    return { status: statusCode, body: await body.text() }
  }
  return {
    ...child,
    ask,
    ready: async (timeoutMs = 20_000) => {
      await waitFor(
        `fleetcast ${args.join(' ')} to be ready`,
        async () => {
          if (!child.isRunning()) throw new Error(`it ended: ${(child.stderr() + child.stdout()).slice(-2_000)}`)
          const { status, body } = await ask('/readyz')
          if (status !== 200) throw new Error(`/readyz says ${status}: ${body}`)
          return true
        },
        { timeoutMs },
      )
    },
  }
}
