import { expect, test } from 'vitest'
import { formatAddress, isLoopback, parseAddress } from './address.ts'

const rows: [
  text: string,
  expected: { host: string; port: number } | undefined,
  loopback?: boolean,
  printed?: string,
][] = [
  ['127.0.0.1:18000', { host: '127.0.0.1', port: 18000 }, true],
  ['127.9.0.1:1', { host: '127.9.0.1', port: 1 }, true],
  ['localhost:0', { host: 'localhost', port: 0 }, true],
  ['[::1]:80', { host: '::1', port: 80 }, true],
  [':80', { host: '0.0.0.0', port: 80 }, false, '0.0.0.0:80'],
  ['[::]:80', { host: '::', port: 80 }, false],
  ['edge.shop:443', { host: 'edge.shop', port: 443 }, false],
  ['127.evil.example:80', { host: '127.evil.example', port: 80 }, false],
  ['18000', undefined],
  ['localhost', undefined],
  ['::1:80', undefined],
  ['[127.0.0.1]:80', undefined],
  ['host:65536', undefined],
  ['host:-1', undefined],
  ['user@host:80', undefined],
  ['', undefined],
]

test.each(rows)('%s', (text, expected, loopback, printed = text) => {
  const address = parseAddress(text)
  expect(address).toEqual(expected)
  if (!address) return
  expect(isLoopback(address)).toBe(loopback)
  expect(formatAddress(address)).toBe(printed)
})
