// Contour, the peer that serves what a Kubernetes API server holds: its time is measured in the same run as ours. Built from the
// Go registry; what it needs of an API server is made there first.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { env } from 'node:process'
import { parseAllDocuments } from 'yaml'
import { type Child, startChild } from '../../harness/child.ts'
import { freePort } from '../../harness/free-port.ts'
import type { Kube, Manifest } from '../../harness/kube.ts'
import { waitFor } from '../../harness/wait-for.ts'
import { installGo } from '../build-peers.ts'

const folder = join(import.meta.dirname, 'contour')
const MODULE = 'github.com/projectcontour/contour'

export interface Contour {
  readonly program: string
  /** The definitions of its own kinds. */
  readonly definitions: readonly Manifest[]
}

/** Undefined where it can't be built. What is built already is not built again. */
export function buildContour(say: (line: string) => void): Contour | undefined {
  say('building Contour')
  try {
    const go = installGo()
    run(go, ['build', '-o', 'bin/', `${MODULE}/cmd/contour`])
    const sources = run(go, ['list', '-m', '-f', '{{.Dir}}', MODULE])
    const documents = parseAllDocuments(readFileSync(join(sources, 'examples/contour/01-crds.yaml'), 'utf8'))
    const definitions = documents.map((document) => document.toJS() as Manifest | null)
    return { program: join(folder, 'bin/contour'), definitions: definitions.filter((each) => each !== null) }
  } catch {
    say('no Go here (or the build failed): the rows of Contour are left out')
    return undefined
  }
}

const run = (command: string, args: readonly string[]): string =>
  execFileSync(command, args, {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...env, GOTOOLCHAIN: 'local' },
  }).trim()

/** Contour serves the endpoints of Services that an Ingress leads to. */
export async function prepareKube(kube: Kube, { definitions }: Contour, ingress: Manifest): Promise<void> {
  for (const definition of definitions) await kube.create(definition)
  const path = '/apis/projectcontour.io/v1/httpproxies'
  await waitFor("Contour's kinds to be known", async () => (await kube.send('GET', path)).status === 200)
  await kube.create(ingress)
}

/** Serves xDS in plain text at `listen`. Does not wait for it. */
export async function startContour(kube: Kube, { program }: Contour, listen: string): Promise<Child> {
  const [host = '', port = ''] = listen.split(':')
  const [metrics, debug] = [String(await freePort()), String(await freePort())]
  const args = [
    ...['serve', '--insecure', '--disable-leader-election', '--kubeconfig', kube.kubeconfig],
    ...['--xds-address', host, '--xds-port', port, '--http-address', host, '--http-port', metrics],
    ...['--health-address', host, '--health-port', metrics, '--debug-http-port', debug],
  ]
  return startChild({ command: program, args })
}
