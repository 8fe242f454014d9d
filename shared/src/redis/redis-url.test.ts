// Redis URLs: what each form means, and that no message holds credentials.
import { expect, it } from 'vitest'
import { describeTarget, parseRedisUrl } from './redis-url.ts'

const at = (host: string, port: number) => ({ host, port })

it.each<[string, object, string]>([
  ['redis://h', { kind: 'single', address: at('h', 6379), db: 0, tls: false }, 'Redis h:6379'],
  ['rediss://h:1/3', { kind: 'single', address: at('h', 1), db: 3, tls: true }, 'Redis h:1'],
  ['redis://:p%40@h', { kind: 'single', address: at('h', 6379), db: 0, tls: false, password: 'p@' }, 'Redis h:6379'],
  [
    'redis://u:p:q@[::1]:7',
    { kind: 'single', address: at('::1', 7), db: 0, tls: false, username: 'u', password: 'p:q' },
    'Redis ::1:7',
  ],
  [
    'redis-cluster://a,b:2',
    { kind: 'cluster', addresses: [at('a', 6379), at('b', 2)], tls: false },
    'Redis cluster a:6379,b:2',
  ],
  [
    'rediss-sentinel://u:p@a,b:2/main/1',
    {
      kind: 'sentinel',
      addresses: [at('a', 26379), at('b', 2)],
      master: 'main',
      db: 1,
      tls: true,
      username: 'u',
      password: 'p',
    },
    'Redis main behind sentinels a:26379,b:2',
  ],
])('%s', (url, target, described) => {
  expect(parseRedisUrl(url)).toEqual(target)
  expect(describeTarget(parseRedisUrl(url))).toBe(described)
})

it.each([
  ['http://h', 'not a Redis URL'],
  ['redis://', 'not a Redis URL'],
  ['redis://a,b', 'takes one server'],
  ['redis://h/x', 'not a Redis database number: x'],
  ['redis://h:99999', 'not a Redis address: h:99999'],
  ['redis-sentinel://a', 'need the name of the master'],
  ['redis-cluster://a/1', 'has no database number'],
  ['redis://user:PASSWORD@h:x', 'not a Redis address: h:x'],
  ['redis:/user:PASSWORD@h', 'not a Redis URL'],
])('%s is refused, without its password', (url, message) => {
  const refused = (): unknown => parseRedisUrl(url)
  expect(refused).toThrow(message)
  expect(refused).not.toThrow(/PASSWORD/)
})
