// The command's words: they are a contract, so each row here is one that people and scripts rely on.
import { describe, expect, test } from 'vitest'
import { plan } from './plan.ts'
import { VERBS } from './verbs.ts'

type Environment = Record<string, string>
const planOf = (line: string, environment: Environment = {}) =>
  plan({ verbs: VERBS, words: line.split(' ').filter((word) => word !== ''), environment, version: '1.2.3' })

const accepted: [line: string, values: object, environment?: Environment][] = [
  ['up f', { listen: { host: '127.0.0.1', port: 18000 }, admin: { host: '127.0.0.1', port: 18001 } }],
  ['up f --listen 127.0.0.1:1 --rest 127.0.0.1:2 --admin 127.0.0.1:3', { rest: { host: '127.0.0.1', port: 2 } }],
  ['up --kubeconfig k --context c', { kubeconfig: 'k', context: 'c' }],
  ['up f --listen 0.0.0.0:1 --insecure', { insecure: true }],
  ['up f --listen 0.0.0.0:1', { insecure: true }, { FLEETCAST_INSECURE: 'true' }],
  ['up f --listen 0.0.0.0:1 --tls-cert c --tls-key k', { tlsCert: 'c' }],
  ['watcher --site a', { site: 'a', admin: { host: '127.0.0.1', port: 18003 } }],
  ['watcher', { site: 'b', redis: 'rediss://r:1' }, { FLEETCAST_SITE: 'b', FLEETCAST_REDIS: 'rediss://r:1' }],
  ['watcher --site a --folder d', { folder: 'd' }],
  ['publisher', { admin: { host: '127.0.0.1', port: 18002 }, drain: false, prefix: 'fleetcast' }],
  ['publisher --drain', { drain: true, prefix: 'p' }, { FLEETCAST_PREFIX: 'p' }],
  ['edge', { admin: { host: '127.0.0.1', port: 18001 }, fleets: [] }],
  ['edge --fleets shop-* --fleets pay', { fleets: ['shop-*', 'pay'] }],
  ['edge --state-dir s --client-ca a --tls-cert c --tls-key k', { stateDir: 's', clientCa: 'a' }],
  ['files --configmap a b --output-dir o --onetime', { configmap: ['a', 'b'], onetime: true }],
  ['files --fleet f --edge 127.0.0.1:1 --output-dir o', { fleet: 'f', edge: { host: '127.0.0.1', port: 1 } }],
  ['validate a b c', { json: false }],
  ['status', { admin: { host: '127.0.0.1', port: 18001 } }],
  ['nodes --json', { json: true }],
  ['rollback shop --to 4', { to: 4 }],
  ['bootstrap --fleet shop', { protocol: 'delta' }],
  ['edge', {}, { FLEETCAST_PORT: 'tcp://10.0.0.1:18000', FLEETCAST_SERVICE_HOST: '10.0.0.1' }],
]

const refused: [line: string, mistakes: readonly (string | RegExp)[], environment?: Environment][] = [
  ['fly', [/^unknown verb "fly"/]],
  ['up', ['FOLDER is missing (or --kubeconfig)']],
  ['up a b', ['unexpected "b"']],
  ['up f --kubeconfig k', ['FOLDER and --kubeconfig exclude each other']],
  ['up f --context c', ['--context needs --kubeconfig']],
  ['up f --listen', [/--listen.*argument missing/]],
  ['up f --listne 127.0.0.1:1', ['unknown flag --listne']],
  ['up f --listen 18000 --admin x --rest y', [/^--listen: "18000"/, /^--rest: "y"/, /^--admin: "x"/]],
  ['up f', ['FLEETCAST_LISTEN: "x" is not HOST:PORT'], { FLEETCAST_LISTEN: 'x' }],
  [
    'up f --listen 0.0.0.0:1 --admin [::]:2',
    [/^--listen: 0.0.0.0:1 is plain text/, /^--admin: \[::\]:2 is plain text/],
  ],
  ['up f --tls-cert c', ['--tls-cert and --tls-key are given together or not at all']],
  ['edge --client-ca a', ['--client-ca needs --tls-cert']],
  ['watcher', ['--site is missing (or FLEETCAST_SITE)']],
  ['watcher --site a --folder d --kubeconfig k', ['--folder and --kubeconfig exclude each other']],
  ['watcher --site a/b', [/^--site: "a\/b" is not a word/]],
  ['publisher', ['FLEETCAST_SEAL_KEY: what was given is not 32 bytes in base64'], { FLEETCAST_SEAL_KEY: 'c2VjcmV0' }],
  ['publisher --redis http://:hunter2@x', [/^--redis: what was given is not a Redis URL/]],
  ['publisher --log-level loud', [/^--log-level: "loud" is not one of/]],
  ['files --output-dir o', ['--configmap or --fleet is missing']],
  ['files --configmap a', ['--output-dir is missing (or FLEETCAST_OUTPUT_DIR)']],
  ['files --configmap a --fleet f --output-dir o', ['--configmap and --fleet exclude each other']],
  ['validate', ['FOLDER|FILE... is missing']],
  ['rollback shop', ['--to is missing (or FLEETCAST_TO)']],
  ['bootstrap --fleet f --protocol files', ['--protocol files needs --output-dir']],
]

describe('the words of the command', () => {
  test.each(accepted)('%s', (line, values, environment) => {
    const planned = planOf(line, environment)
    expect(planned).toMatchObject({ kind: 'run', verb: { name: line.split(' ')[0] } })
    if (planned.kind === 'run') expect(planned.values).toMatchObject(values)
  })

  test.each(refused)('%s: refused', (line, mistakes, environment) => {
    const planned = planOf(line, environment)
    expect(planned.kind).toBe('refuse')
    if (planned.kind !== 'refuse') return
    expect(planned.mistakes.length).toBe(mistakes.length)
    mistakes.forEach((mistake, i) => {
      if (typeof mistake === 'string') expect(planned.mistakes[i]).toBe(mistake)
      else expect(planned.mistakes[i]).toMatch(mistake)
    })
    expect(planned.mistakes.join('')).not.toMatch(/hunter2|c2VjcmV0/)
  })

  test.each(VERBS.map((verb) => [verb.name, verb] as const))(
    'help of %s shows each flag, variable and default',
    (name, verb) => {
      for (const line of [`${name} --help`, `help ${name}`, `${name} -h --nonsense`]) {
        const planned = planOf(line)
        expect(planned.kind).toBe('print')
        const text = planned.kind === 'print' ? planned.text.replace(/\s+/g, ' ') : ''
        for (const [setting, { default: byDefault, value, environmentOnly }] of Object.entries(verb.settings)) {
          const kebab = setting.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)
          if (!environmentOnly) expect(text).toContain(`--${kebab}`)
          expect(text).toContain(`FLEETCAST_${kebab.replaceAll('-', '_').toUpperCase()}`)
          if (value !== undefined && byDefault !== undefined) expect(text).toContain(`default ${byDefault}`)
        }
      }
    },
  )

  test('help, version, nothing', () => {
    expect(planOf('--version')).toEqual({ kind: 'print', text: '1.2.3' })
    expect(planOf('--help')).toMatchObject({ kind: 'print', text: expect.stringContaining('watcher') })
    expect(planOf('')).toMatchObject({ kind: 'refuse' })
  })
})
