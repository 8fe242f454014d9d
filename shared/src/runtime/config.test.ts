import { describe, expect, test } from 'vitest'
import { complete, flagOf, readSettings, variableOf } from './config.ts'
import { address, choice, count, duration, flag, path, several, text, textThat, word } from './setting.ts'

const settings = {
  listen: address('where to listen', { default: '127.0.0.1:18000' }),
  stateDir: path('where to keep state'),
  insecure: flag('allow plain text'),
  configmap: several(word('ConfigMaps')),
  redis: textThat('a Redis URL', 'URL', (t) => (t.startsWith('redis:') ? t : undefined))('Redis', { secret: true }),
  logLevel: choice(['debug', 'info'])('how much', { default: 'info' }),
  every: duration('how often', { default: '30s' }),
  workers: count('how many'),
  name: text('a name'),
}

const rows: { name: string; flags?: object; env?: Record<string, string>; expected?: object; mistakes?: string[] }[] = [
  {
    name: 'defaults',
    expected: {
      listen: { host: '127.0.0.1', port: 18000 },
      insecure: false,
      configmap: [],
      logLevel: 'info',
      every: 30_000,
    },
  },
  {
    name: 'variable beats default',
    env: { FLEETCAST_LISTEN: ':1' },
    expected: { listen: { host: '0.0.0.0', port: 1 } },
  },
  {
    name: 'flag beats variable',
    flags: { listen: '[::1]:2' },
    env: { FLEETCAST_LISTEN: 'nonsense' },
    expected: { listen: { host: '::1', port: 2 } },
  },
  { name: 'empty variable is not set', env: { FLEETCAST_EVERY: '' }, expected: { every: 30_000 } },
  { name: 'empty flag is a mistake', flags: { name: '' }, mistakes: ['--name: "" is not a text with something in it'] },
  { name: 'switch on', flags: { insecure: true }, expected: { insecure: true } },
  { name: 'switch by variable', env: { FLEETCAST_INSECURE: 'Yes' }, expected: { insecure: true } },
  { name: 'switch off beats nothing', env: { FLEETCAST_INSECURE: '0' }, expected: { insecure: false } },
  { name: 'list by flag', flags: { configmap: ['a', 'b'] }, expected: { configmap: ['a', 'b'] } },
  { name: 'list by variable', env: { FLEETCAST_CONFIGMAP: 'a, b,' }, expected: { configmap: ['a', 'b'] } },
  { name: 'two words', env: { FLEETCAST_STATE_DIR: '/x' }, expected: { stateDir: '/x' } },
  {
    name: 'a line a mistake, flags by flag, variables by variable',
    flags: { listen: 'x', configmap: ['a/b', 'c', ''], logLevel: 'loud', every: '3 days', workers: '-1' },
    env: { FLEETCAST_INSECURE: 'maybe' },
    mistakes: [
      '--listen: "x" is not HOST:PORT',
      'FLEETCAST_INSECURE: "maybe" is not true or false',
      '--configmap: "a/b" is not a word of letters, digits and ._-',
      '--configmap: "" is not a word of letters, digits and ._-',
      '--log-level: "loud" is not one of debug, info',
      '--every: "3 days" is not a time such as 500ms, 30s or 5m',
      '--workers: "-1" is not a whole number',
    ],
  },
  {
    name: 'rule 8: a secret is not shown',
    env: { FLEETCAST_REDIS: 'http://:hunter2@x' },
    mistakes: ['FLEETCAST_REDIS: what was given is not a Redis URL'],
  },
]

describe('readSettings', () => {
  test('what is required', () => {
    const required = { site: word('the site', { required: true }) }
    expect(readSettings(required, {}, {}).mistakes).toEqual(['--site is missing (or FLEETCAST_SITE)'])
    expect(readSettings(required, {}, { FLEETCAST_SITE: 'a' }).values).toEqual({ site: 'a' })
  })

  test.each(rows)('$name', ({ flags = {}, env = {}, expected = {}, mistakes = [] }) => {
    const read = readSettings(settings, { ...flags }, env)
    expect(read.mistakes).toEqual(mistakes)
    expect(read.values).toMatchObject(expected)
    expect(complete(read) === undefined).toBe(mistakes.length > 0)
  })

  test('names', () => {
    expect(flagOf('tlsClientCa')).toBe('--tls-client-ca')
    expect(variableOf('tlsClientCa')).toBe('FLEETCAST_TLS_CLIENT_CA')
  })
})
