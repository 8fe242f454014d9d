// Garbage in a folder: a problem that names the file, and neither the process nor what stands beside it takes harm (rule 5 of
// the design). One process for all rows: what one leaves behind would show in the next.
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Fleetcast, fleetcast } from '../harness/fleetcast.ts'
import { freePort } from '../harness/free-port.ts'
import { type TempFolder, tempFolder } from '../harness/temp-folder.ts'
import { waitFor } from '../harness/wait-for.ts'

const FILE = 'garbage.yaml'
const fleet = (name: string, clusters: string) => `apiVersion: v1
kind: ConfigMap
metadata: { name: ${name}, labels: { fleetcast.dev/fleet: ${name} } }
data:
  clusters.yaml: |
${clusters.replace(/^(?=.)/gm, '    ')}`
const text = (content: string | Buffer) => (path: string) => writeFileSync(path, content)
const bomb = Array.from(
  { length: 12 },
  (_, i) =>
    `a${i}: &a${i} [${
      i === 0
        ? 'x'
        : Array(9)
            .fill(`*a${i - 1}`)
            .join(',')
    }]`,
).join('\n')

/** `says`: what the problem of the file says; undefined where there is nothing to say. */
const rows: [name: string, make: (path: string) => void, says: RegExp | undefined][] = [
  ['bytes that are no text', text(Buffer.from([0xff, 0xfe, 0x00, 0x80, 0xc3, 0x28])), /./],
  ['zeros', text(Buffer.alloc(10_000)), /./],
  ['no YAML', text('a: [b\n'), /./],
  ['brackets ten thousand deep', text('['.repeat(10_000)), /./],
  ['aliases that unfold to gigabytes', text(`kind: Service\nmetadata: { name: a }\n${bomb}`), /alias|reference/i],
  ['a list', text('- a\n- b\n'), /has no kind/],
  ['a number', text('7\n'), /has no kind/],
  ['a kind that is no text', text('kind: [Service]\n'), /has no kind/],
  ['an object without a name', text('apiVersion: v1\nkind: Service\nspec: {}\n'), /metadata/],
  [
    'an object of wrong types',
    text('apiVersion: v1\nkind: Service\nmetadata: { name: a }\nspec: { ports: 7 }\n'),
    /spec\.ports/,
  ],
  [
    'a ConfigMap of wrong types',
    text('kind: ConfigMap\nmetadata: { name: a, labels: { fleetcast.dev/fleet: a } }\ndata: { x.yaml: { a: b } }\n'),
    /x\.yaml/,
  ],
  [
    'a Secret that is none',
    text('kind: Secret\ntype: kubernetes.io/tls\nmetadata: { name: a }\ndata: { tls.crt: SECRET, tls.key: SECRET }\n'),
    /is no PEM certificate/,
  ],
  ['a fleet whose every key is garbage', text(fleet('bad', '{{{')), /clusters\.yaml/],
  ['a fleet of a name that is no word', text(fleet('"../../x y"', '- { name: c, connect_timeout: 1s }')), undefined],
  ['a folder of that name', (path) => mkdirSync(path), undefined],
  ['a link that leads nowhere', (path) => symlinkSync('/nowhere/at/all', path), undefined],
  ['a pipe that nobody writes to', (path) => execFileSync('mkfifo', [path]), undefined],
  ['a link to itself', (path) => symlinkSync(path, path), undefined],
]

describe('garbage in a folder', () => {
  let folder: TempFolder
  let up: Fleetcast
  let count = 0
  beforeAll(async () => {
    folder = tempFolder()
    folder.write('good.yaml', fleet('web', '- { name: c0, connect_timeout: 1s }\n'))
    up = fleetcast(['up', folder.path, '--listen', `127.0.0.1:${await freePort()}`], {
      admin: `127.0.0.1:${await freePort()}`,
    })
    await up.ready()
  })
  afterAll(async () => {
    await up.stop()
    folder[Symbol.dispose]()
  })
  const problems = async (): Promise<readonly { readonly message: string; readonly place: object }[]> =>
    JSON.parse((await up.ask('/status')).body).problems

  it.each(rows)('%s', async (_name, make, says) => {
    const path = join(folder.path, FILE)
    make(path)
    if (says) {
      const found = await waitFor('the problem', async () => {
        const all = await problems()
        return all.length > 0 ? all : undefined
      })
      expect(JSON.stringify(found)).toMatch(says)
      expect(JSON.stringify(found)).toContain(FILE)
      expect(JSON.stringify(found) + up.stderr()).not.toContain('SECRET')
    }
    // What stands beside it goes on, at once.
    const name = `c${++count}`
    folder.write('good.yaml', fleet('web', `- { name: ${name}, connect_timeout: 1s }\n`))
    await waitFor('the neighbour', async () => (await up.ask(`/explain?name=${name}`)).status === 200)
    expect((await up.ask('/readyz')).status).toBe(200)
    rmSync(path, { recursive: true })
    await waitFor('no problem', async () => (await problems()).length === 0)
    expect(up.isRunning()).toBe(true)
  })
})
