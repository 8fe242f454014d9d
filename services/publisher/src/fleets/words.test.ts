// The small languages of fleet.yaml: globs, selectors, naming templates.
import { describe, expect, test } from 'vitest'
import { globOf } from './glob.ts'
import { nameOf, type PortNames, readNaming, refsOf } from './naming.ts'
import { readSelector } from './selector.ts'

test.each<[pattern: string, yes: readonly string[], no: readonly string[]]>([
  ['shop', ['shop'], ['shops', 'a-shop', '']],
  ['shop-*', ['shop-', 'shop-a-b'], ['shop', 'ashop-b']],
  ['*', ['', 'a\nb'], []],
  ['a*b*c', ['abc', 'a.b.c', 'abbcc'], ['ab', 'acb']],
  ['a.b(c', ['a.b(c'], ['axb(c']],
])('glob %s', (pattern, yes, no) => {
  const matches = globOf(pattern)
  expect([...yes, ...no].map(matches)).toEqual([...yes.map(() => true), ...no.map(() => false)])
})

describe('selectors', () => {
  const labels = { app: 'web', tier: 'front', empty: '' }
  test.each<[text: string, selects: boolean]>([
    ['app=web', true],
    ['app==web', true],
    ['app=api', false],
    ['app!=api', true],
    ['absent!=api', true],
    ['app', true],
    ['!app', false],
    ['!absent', true],
    ['empty=', true],
    ['tier in (back, front)', true],
    ['tier notin (back,front)', false],
    ['absent notin (a)', true],
    ['app=web,tier in (front),!absent', true],
    ['app=web,tier=back', false],
  ])('%s', (text, selects) => {
    const read = readSelector(text)
    expect(typeof read === 'function' && read(labels)).toBe(selects)
  })
  test.each([
    ['', /empty selector/],
    [' ', /empty selector/],
    ['a=b,', /"" is no label requirement/],
    ['a in b', /is no label requirement/],
    ['a=b c', /is no label requirement/],
  ])('refused: %j', (text, mistake) => {
    expect(readSelector(text)).toEqual({ mistake: expect.stringMatching(mistake) })
  })
})

describe('naming', () => {
  const port: PortNames = {
    namespace: 'shop',
    service: 'web',
    site: 'east',
    port: 80,
    portName: 'http',
    protocol: 'TCP',
  }
  const nameless: PortNames = { ...port, portName: undefined }
  const udp: PortNames = { ...port, protocol: 'UDP' }
  test.each<[template: string, from: PortNames, name: string | undefined]>([
    ['{namespace}/{service}/{portName}', port, 'shop/web/http'],
    ['{namespace}/{service}/{portName}', nameless, 'shop/web/80'],
    ['{namespace}/{service}/{port}', port, 'shop/web/80'],
    ['kubenvoy://{service}.{namespace}:{port}', port, 'kubenvoy://web.shop:80'],
    ['{namespace}/{service}/{port}', udp, undefined],
    ['{namespace}/{service}/{port}/{protocol}', udp, 'shop/web/80/udp'],
    ['{namespace}:{service}:{portName}:{udp}', udp, 'shop:web:http:udp'],
    ['{namespace}:{service}:{portName}:{udp}', port, undefined],
    ['{namespace}/{service}/{port}/{protocol}', { ...port, protocol: 'SCTP' }, undefined],
    ['{site}/{namespace}/{service}/{port}', port, 'east/shop/web/80'],
  ])('%s of %o', (template, from, name) => {
    const naming = readNaming(template)
    if ('mistake' in naming) throw new Error(naming.mistake)
    expect(nameOf(naming, from)).toBe(name)
    // And back: what was made stands for what it was made of.
    if (name === undefined) return
    const refs = refsOf(naming, name).map(({ namespace, service }) => `${namespace}/${service}`)
    expect(refs).toContain('shop/web')
  })
  test.each<[template: string, name: string, services: readonly string[]]>([
    ['{namespace}/{service}/{port}', 'shop/web/80', ['shop/web 80']],
    ['{namespace}/{service}/{port}', 'shop/web', []],
    ['{namespace}/{service}/{port}', 'Shop/web/80', []],
    ['{namespace}-{service}-{port}', 'a-b-c-80', ['a/b c-80', 'a/b-c 80', 'a-b/c 80']],
    ['kubenvoy://{service}.{namespace}:{port}', 'kubenvoy://web.shop:grpc', ['shop/web grpc']],
    ['kubenvoy://{service}.{namespace}:{port}', 'other://web.shop:80', []],
  ])('%s reads %s', (template, name, services) => {
    const naming = readNaming(template)
    if ('mistake' in naming) throw new Error(naming.mistake)
    const refs = refsOf(naming, name).map(({ namespace, service, port: at }) => `${namespace}/${service} ${at}`)
    expect(new Set(refs)).toEqual(new Set(services))
  })
  test.each([
    ['{service}/{port}', /must hold \{namespace\} and \{service\}/],
    ['{namespace}/{service}', /must hold \{port\} or \{portName\}/],
    ['{namespace}{service}/{port}', /need a text between/],
    ['{namespace}/{service}/{prot}', /unknown placeholder \{prot\}/],
  ])('refused: %s', (template, mistake) => {
    expect(readNaming(template)).toEqual({ mistake: expect.stringMatching(mistake) })
  })
})
